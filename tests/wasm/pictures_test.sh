#!/bin/sh
# pictures_test.sh SMELT MODEL EXAMPLE: the program for wasm32 sees what pictures show, as this machine's does.
. "${0%/*}/../program/check.sh"
. "${0%/*}/runner.sh"
smelt=$1 model=$2 example=$3
build "$model"
exits "the pictures" 0 "${0%/*}/../program/pictures_test.sh" "$work/program" "$example"
finish
