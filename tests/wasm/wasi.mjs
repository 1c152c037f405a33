#!/usr/bin/env -S node --no-warnings
// wasi.mjs FILE.wasm ARGUMENTS...: runs a program for wasm32-wasi in Node: its arguments, environment, standard input and
// output, and files by absolute paths. Ends with 77 where node is too old for this.
import { readFileSync } from 'node:fs';
import { argv, env, exit, version } from 'node:process';

const least = 20;
if (Number(version.slice(1).split('.')[0]) < least) {
  console.error(`SKIP: node is ${version}; its WASI is as this needs it from version ${least} on`);
  exit(77);
}
const { WASI } = await import('node:wasi');
const wasi = new WASI({ version: 'preview1', args: argv.slice(2), env, preopens: { '/': '/' } });
const program = await WebAssembly.compile(readFileSync(argv[2]));
exit(wasi.start(await WebAssembly.instantiate(program, wasi.getImportObject())));
