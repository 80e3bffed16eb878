"""Writes one model directory in WebLLM's layout: weight shards, tensor-cache.json, tokenizer, mlc-chat-config.json, the
compiled library, and islet-model.json with the SHA-256 and size of every file (what the app pins)."""

import base64
import hashlib
import json
import shutil
import sys
from pathlib import Path

import numpy as np

SHARD_LIMIT = 32 << 20


def quantise8(w):
    """float32 (n, k) to GGUF's Q8_0 form: int8 (n, k) and float16 scales (n, k // 32)."""
    blocks = w.reshape(w.shape[0], -1, 32)
    scales = (np.abs(blocks).max(-1) / 127).astype(np.float16)
    inverse = np.where(scales == 0, 0, 1 / np.maximum(scales.astype(np.float32), 1e-12))
    return np.clip(np.rint(blocks * inverse[..., None]), -127, 127).astype(np.int8).reshape(w.shape), scales


def words8(q, scales):
    """The kernels' layout of 8-bit weights (see kernels.py): uint32 (k // 4, n) and (k // 64, n)."""
    n, k = q.shape
    bytes_ = (q.astype(np.int32) + 128).astype(np.uint32).reshape(n, k // 4, 4)
    words = (bytes_ << (np.arange(4, dtype=np.uint32) * 8)).sum(-1, dtype=np.uint32)
    halves = scales.view(np.uint16).astype(np.uint32).reshape(n, k // 64, 2)
    return words.T, (halves[..., 0] | halves[..., 1] << 16).T


def words4(q, scales, mins):
    """The kernels' layout of 4-bit weights: q uint8 (n, k) below 16, float16 scales and mins (n, k // 32)."""
    n, k = q.shape
    words = (q.astype(np.uint32).reshape(n, k // 8, 8) << (np.arange(8, dtype=np.uint32) * 4)).sum(-1, dtype=np.uint32)
    pairs = scales.view(np.uint16).astype(np.uint32) | mins.view(np.uint16).astype(np.uint32) << 16
    return words.T, pairs.T


def chat_config(config, tokenizer_info, conversation, **extra):
    return {
        "version": "0.1.0", "model_type": "llama", "quantization": f"q{config.bits}_32", "vocab_size": config.vocab,
        "context_window_size": config.context, "sliding_window_size": -1, "prefill_chunk_size": config.chunk, "attention_sink_size": -1,
        "tensor_parallel_shards": 1, "temperature": 0.0, "top_p": 1.0, "repetition_penalty": 1.0, "frequency_penalty": 0.0, "presence_penalty": 0.0,
        "tokenizer_files": ["tokenizer.json"], "tokenizer_info": tokenizer_info, "conv_template": conversation, **extra,
    }


# No role_templates: WebLLM fills them with String.replace, which would alter "$$" and "$&" in what people write.
def chatml(system):
    return {
        "name": "chatml", "system_template": "<|im_start|>system\n{system_message}<|im_end|>\n", "system_message": system,
        "render_empty_system_message": False, "add_role_after_system_message": True,
        "roles": {"user": "<|im_start|>user", "assistant": "<|im_start|>assistant", "tool": "<|im_start|>user"},
        "messages": [], "seps": ["<|im_end|>\n"], "role_content_sep": "\n", "role_empty_sep": "\n",
        "stop_str": ["<|im_end|>"], "stop_token_ids": [2],
    }


BYTE_LEVEL = {"token_postproc_method": "byte_level", "prepend_space_in_encode": False, "strip_space_in_decode": False}


def compact_json(value):
    """JSON as a browser's JSON.stringify writes it: WebLLM stores these files parsed, and the app hashes them as written anew."""

    def whole(v):
        if isinstance(v, dict):
            return {k: whole(x) for k, x in v.items()}
        if isinstance(v, list):
            return [whole(x) for x in v]
        return int(v) if isinstance(v, float) and v.is_integer() else v

    return json.dumps(whole(value), separators=(",", ":"), ensure_ascii=False)


def write_model(directory, library, tensors, config, tokenizer_file):
    """tensors: name -> array, exactly those that the library's OUT.params.json names, in its shapes and types."""
    directory = Path(directory)
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    shards, size = [[]], 0
    for p in json.loads(Path(library).with_suffix(".params.json").read_text()):
        a = np.ascontiguousarray(tensors.pop(p["name"]))
        assert list(a.shape) == p["shape"] and str(a.dtype) == p["dtype"], (p, a.shape, a.dtype)
        if size and size + a.nbytes > SHARD_LIMIT:
            shards.append([])
            size = 0
        shards[-1].append((p["name"], a))
        size += a.nbytes
    assert not tensors, list(tensors)[:5]
    records = []
    for i, shard in enumerate(shards):
        blob, entries = b"".join(a.tobytes() for _, a in shard), []
        offset = 0
        for name, a in shard:
            entries.append({"name": name, "shape": list(a.shape), "dtype": str(a.dtype), "format": "raw", "nbytes": a.nbytes, "byteOffset": offset})
            offset += a.nbytes
        (directory / f"params_shard_{i}.bin").write_bytes(blob)
        records.append({"dataPath": f"params_shard_{i}.bin", "format": "raw-shard", "nbytes": offset, "records": entries, "md5sum": hashlib.md5(blob).hexdigest()})
    total = sum(r["nbytes"] for r in records)
    (directory / "tensor-cache.json").write_text(compact_json({"metadata": {"ParamSize": sum(len(r["records"]) for r in records), "ParamBytes": total, "BitsPerParam": config.pop("bits_per_param")}, "records": records}))
    (directory / "mlc-chat-config.json").write_text(compact_json(config))
    shutil.copy(tokenizer_file, directory / "tokenizer.json")
    shutil.copy(library, directory / "library.wasm")
    pin(directory)


def pin(directory):
    """islet-model.json: every file of the model with its size and its SHA-256 in the form of subresource integrity."""
    files = {}
    for f in sorted(Path(directory).iterdir()):
        if f.name != "islet-model.json":
            digest = base64.b64encode(hashlib.sha256(f.read_bytes()).digest()).decode()
            files[f.name] = {"bytes": f.stat().st_size, "integrity": f"sha256-{digest}"}
    (Path(directory) / "islet-model.json").write_text(json.dumps({"files": files}, indent=1) + "\n")
    print(directory, sum(f["bytes"] for f in files.values()), "bytes")


def main(library, directory):
    """python package.py LIBRARY.wasm MODEL_DIR puts a newly compiled library into a model; its weights stay as they are."""
    shutil.copy(library, Path(directory) / "library.wasm")
    pin(directory)


if __name__ == "__main__":
    main(*sys.argv[1:])
