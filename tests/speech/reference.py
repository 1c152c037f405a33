"""What a speech model hears, by the book: WAV in numpy, features as WhisperFeatureExtractor makes them, ONNX Runtime's
logits (ort_oracle answer), and the rules of Whisper's generate in transformers, each written down plainly here."""

import json
import os
import struct
import subprocess

import numpy as np


# ---- sound ---------------------------------------------------------------------------------------------------------

def write_wav(path, samples, rate=16000):
    """samples: [frames] or [frames, channels], -1 to 1, written as integers of 16 bits"""
    samples = np.atleast_2d(np.asarray(samples).T).T
    data = np.clip(np.round(samples * 32768), -32768, 32767).astype("<i2").tobytes()
    channels = samples.shape[1]
    head = struct.pack("<HHIIHH", 1, channels, rate, rate * channels * 2, channels * 2, 16)
    with open(path, "wb") as f:
        f.write(b"RIFF" + struct.pack("<I", 36 + len(data)) + b"WAVEfmt " + struct.pack("<I", 16) + head)
        f.write(b"data" + struct.pack("<I", len(data)) + data)


def read_wav(path):
    """What write_wav wrote, the channels averaged."""
    with open(path, "rb") as f:
        blob = f.read()
    channels, = struct.unpack("<H", blob[22:24])
    return (np.frombuffer(blob[44:], "<i2").astype(np.float64) / 32768).reshape(-1, channels).mean(1)


# ---- features ------------------------------------------------------------------------------------------------------

def mel_filters(bins, bands, rate):
    """Slaney's: 3 mels for 200 Hz up to 1 kHz, 27 for a factor of 6.4 beyond; triangles of area 1 from 0 to 8 kHz."""
    highest = 15 + np.log(8000 / 1000) * 27 / np.log(6.4)
    mels = np.linspace(0, highest, bands + 2)
    corners = np.where(mels < 15, 200 * mels / 3, 1000 * np.exp(np.log(6.4) / 27 * (mels - 15)))
    hertz = np.linspace(0, rate // 2, bins)[:, None]
    up = (hertz - corners[:-2]) / np.diff(corners)[:-1]
    down = (corners[2:] - hertz) / np.diff(corners)[1:]
    return np.maximum(0, np.minimum(up, down)) * 2 / (corners[2:] - corners[:-2])


def log_mel(samples, bands=80, fft=400, hop=160, rate=16000):
    """[bands, frames]"""
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(fft) / fft)
    padded = np.pad(samples, fft // 2, mode="reflect")
    frames = np.stack([padded[i * hop : i * hop + fft] * window for i in range(len(samples) // hop)])
    powers = np.abs(np.fft.rfft(frames)) ** 2
    log = np.log10(np.maximum(1e-10, powers @ mel_filters(fft // 2 + 1, bands, rate))).T
    return ((np.maximum(log, log.max() - 8) + 4) / 4).astype(np.float32)


# ---- the model -----------------------------------------------------------------------------------------------------

class Model:
    def __init__(self, oracle, folder, work):
        def read(name):
            with open(os.path.join(folder, name), encoding="utf-8") as f:
                return json.load(f)

        self.config = read("config.json")
        newer = os.path.join(folder, "processor_config.json")
        self.extractor = read("processor_config.json")["feature_extractor"] if os.path.exists(newer) else read("preprocessor_config.json")
        self.choices = read("generation_config.json")
        self.vocab = max(t["id"] for t in read("tokenizer.json")["added_tokens"]) + 1
        self.reads_samples = self.extractor["feature_extractor_type"] == "Wav2Vec2FeatureExtractor"
        self.features = os.path.join(work, "features.npy")
        self.process = subprocess.Popen([oracle, "answer", folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.most = self.config.get("max_target_positions") or self.config["max_position_embeddings"]

    def ask(self, line):
        self.process.stdin.write((line + "\n").encode())
        self.process.stdin.flush()

    def encode(self, features):
        """[bands, frames] or [samples]"""
        np.save(self.features, np.ascontiguousarray(features[None], dtype=np.float32))
        self.ask("encode " + self.features)

    def logits(self, ids):
        self.ask("next " + " ".join(map(str, ids)))
        return np.frombuffer(self.process.stdout.read(4 * self.vocab), np.float32).astype(np.float64)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


# ---- tokens ----------------------------------------------------------------------------------------------------------

def log_softmax(scores):
    rest = scores - scores.max()
    return rest - np.log(np.exp(rest).sum())


def log_sum(scores):
    highest = scores.max()
    return highest if np.isinf(highest) else highest + np.log(np.exp(scores - highest).sum())


def apply_times(model, new, scores):
    """WhisperTimeStampLogitsProcessor"""
    none = model.choices["no_timestamps_token_id"]
    first, end = none + 1, model.choices["eos_token_id"]
    scores[none] = -np.inf
    was_time = len(new) >= 1 and new[-1] >= first
    was_before = len(new) < 2 or new[-2] >= first
    if was_time and was_before:
        scores[first:] = -np.inf
    elif was_time:
        scores[:end] = -np.inf
    times = [t for t in new if t >= first]
    if times:
        scores[first : times[-1] + (0 if was_time and not was_before else 1)] = -np.inf
    if not new:
        scores[:first] = -np.inf
        if model.choices.get("max_initial_timestamp_index") is not None:
            scores[first + model.choices["max_initial_timestamp_index"] + 1 :] = -np.inf
    log = log_softmax(scores)
    if log_sum(log[first:]) > log[:first].max():
        scores[:first] = -np.inf


def scores_of(model, start, new, with_times, logits):
    scores = logits.copy()
    scores[model.choices.get("suppress_tokens") or []] = -np.inf
    if not new:
        scores[model.choices.get("begin_suppress_tokens") or []] = -np.inf
    if with_times:
        apply_times(model, new, scores)
    return scores


def greedy(model, start, with_times):
    """New tokens, and the mean of their log-probabilities as _retrieve_avg_logprobs has it."""
    new, total = [], 0.0
    while len(start) + len(new) < model.most + 1:
        scores = scores_of(model, start, new, with_times, model.logits(start + new))
        token = int(scores.argmax())
        if token == model.choices["eos_token_id"]:
            break
        total += log_softmax(scores)[token]
        new.append(token)
    return new, total / (len(new) + 1)


def beams(model, start, with_times, count):
    """BeamSearchScorer, length penalty 1, early_stopping False."""
    end = model.choices["eos_token_id"]
    alive, ended = [([], 0.0)], []
    while True:
        candidates = []
        for new, score in alive:
            log = scores_of(model, start, new, with_times, log_softmax(model.logits(start + new)))
            best = np.argsort(-log, kind="stable")[: 2 * count]
            candidates += [(score + log[t], new, int(t)) for t in best]
        candidates.sort(key=lambda c: -c[0])
        alive = []
        for rank, (score, new, token) in enumerate(candidates[: 2 * count]):
            if token == end:
                if rank < count:
                    ended.append((score / max(len(new), 1), new))
            elif len(alive) < count:
                alive.append((new + [token], score))
        ended = sorted(ended, key=lambda e: -e[0])[:count]
        length = len(alive[0][0])
        if len(ended) == count and ended[-1][0] >= alive[0][1] / length:
            break
        if len(start) + length >= model.most + 1:
            ended += [(score / len(new), new) for new, score in alive]
            break
    return max(ended, key=lambda e: e[0])[1], 0.0


# ---- a whole sound -----------------------------------------------------------------------------------------------------

def start_tokens(model, language, task, with_times):
    """_retrieve_init_tokens; the encoder has read the sound's beginning."""
    c = model.choices
    start = [model.config["decoder_start_token_id"]]
    forced = c.get("forced_decoder_ids") if language is None and task is None else None
    start += [token for _, token in forced or []]
    languages = c.get("lang_to_id", {})
    token = languages[f"<|{language}|>"] if language else None
    if token is None and languages and (len(start) < 2 or start[1] is None):
        logits = model.logits(start[:1])
        token = max(languages.values(), key=lambda t: (logits[t], -t))
    if token is not None:
        start[1:2] = [token]
    if task:
        start.append(c["task_to_id"][task])
    elif language and "task_to_id" in c:
        start.append(c["task_to_id"]["transcribe"])
    none = c.get("no_timestamps_token_id")
    if with_times and start[-1] == none:
        start.pop()
    if not with_times and none is not None and start[-1] != none:
        start.append(none)
    return [token for token in start if token is not None], token


def pieces_of(new, first, seek, frames, is_long):
    """_retrieve_segment: [(start, end, tokens)] in frames, and how far to go on. A short sound's rest is a piece too."""
    is_time = [t >= first for t in new]
    ends_once = is_time[-2:] == [False, True]
    pairs = [i for i in range(1, len(new)) if is_time[i] and is_time[i - 1]]

    def at(i):
        return seek + 2 * (new[i] - first)

    if not pairs:
        times = [i for i, t in enumerate(is_time) if t]
        end = at(times[-1]) if times and new[times[-1]] != first else seek + frames
        return [(seek, end, new)], frames
    slices = list(pairs)
    go_on = frames
    if ends_once:
        slices.append(len(new))
    elif is_long and new[pairs[-1] - 1] > first:
        slices[-1] += 1
        go_on = at(pairs[-1] - 1) - seek
    pieces, last = [], 0
    for end in slices:
        last_time = end - 2 if end - 1 in pairs else end - 1  # where both times are the piece's, the first
        pieces.append((at(last), at(last_time), new[last:end]))
        last = end
    if not ends_once and not is_long and last + 1 < len(new):
        pieces.append((at(last), seek + frames, new[last:]))
    return pieces, go_on


def transcribe_samples(model, samples, beam_count):
    """Windows one behind the other; one shorter than 0.1 s is filled up, so that convolutions have something to read."""
    rate = model.extractor["sampling_rate"]
    window, pieces = model.extractor["chunk_length"] * rate, []
    for seek in range(0, len(samples), window):
        part = samples[seek : seek + window]
        model.encode(np.pad(part, (0, max(0, rate // 10 - len(part)))))
        start = [model.config["decoder_start_token_id"]]
        new, _ = beams(model, start, False, beam_count) if beam_count > 1 else greedy(model, start, False)
        pieces.append((seek / rate, (seek + len(part)) / rate, new))
    return {"language": None, "pieces": pieces}


def transcribe(model, samples, language=None, task=None, times=False, beam_count=1, no_speech=None, condition=False):
    """{"language": token, "pieces": [(start_s, end_s, tokens)]}"""
    if model.reads_samples:
        return transcribe_samples(model, samples, beam_count)
    e = model.extractor
    whole = e["chunk_length"] * e["sampling_rate"]
    is_long = len(samples) > whole
    if not is_long:
        samples = np.pad(samples, (0, whole - len(samples)))
    features = log_mel(samples, e["feature_size"], e["n_fft"], e["hop_length"], e["sampling_rate"])
    window, total = whole // e["hop_length"], features.shape[1]
    none = model.choices.get("no_timestamps_token_id")
    with_times = (times or is_long) and none is not None
    first = none + 1 if none is not None else 1 << 30
    seek, start, spoken, pieces = 0, None, None, []
    while seek < total:
        frames = min(window, total - seek)
        model.encode(np.pad(features[:, seek : seek + frames], ((0, 0), (0, window - frames))))
        if start is None:
            start, spoken = start_tokens(model, language, task, with_times)
        told = [token for _, _, tokens in pieces for token in tokens][-(model.most // 2 - 1) :]
        before = [model.choices["prev_sot_token_id"], *told] if condition and told else []
        begin = before + start
        new, mean = beams(model, begin, with_times, beam_count) if beam_count > 1 else greedy(model, begin, with_times)
        go_on = frames
        silence = np.exp(log_softmax(model.logits(before + start[:1])))[none - 1] if no_speech is not None else 0
        if not (no_speech is not None and silence > no_speech and mean < -1):
            found, go_on = pieces_of(new, first, seek, frames, is_long)
            pieces += found
        seek += go_on
    return {"language": spoken, "pieces": [(a / 100, b / 100, tokens) for a, b, tokens in pieces]}
