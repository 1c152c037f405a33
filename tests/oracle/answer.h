/*
 * answer.h: ONNX Runtime's logits for texts that another program chooses, one after the other.
 */
#ifndef ORACLE_ANSWER_H
#define ORACLE_ANSWER_H

#include "ort_api.h"

/*
 * Answers the lines of standard input: "encode FILE.npy" gives the encoder its features, "next ID ID ..."
 * asks for the logits behind a whole text of the decoder, which are written as f32. Dies on any other line.
 */
void answer_questions(const ort_api *api, const char *folder, int threads);

#endif
