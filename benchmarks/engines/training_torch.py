"""The training step on PyTorch, eager. Arguments: directory, threads."""

import json
import math
import re
import sys
import time as clock

import numpy
import torch
from torch.nn import functional

directory, threads = sys.argv[1:3]
torch.set_num_threads(int(threads))
sizes = json.load(open(f"{directory}/sizes.json"))
batch, time, width, heads = (sizes[name] for name in ("batch", "time", "width", "heads"))
flat = torch.from_numpy(numpy.fromfile(f"{directory}/weights.f32", dtype=numpy.float32))
weight, offset = {}, 0
for name, shape in sizes["shapes"].items():
    size = math.prod(shape)
    weight[name] = flat[offset : offset + size].reshape(shape).clone().requires_grad_()
    offset += size
tokens = torch.from_numpy(numpy.fromfile(f"{directory}/tokens.i32", dtype=numpy.int32)).long()
inputs, labels = tokens.reshape(2, batch, time)
bias = torch.full((time, time), -1e9).triu(1)
optimizer = torch.optim.SGD(weight.values(), lr=sizes["learningRate"])


def to_heads(x):
    return x.reshape(batch, time, heads, width // heads).transpose(1, 2)


def loss_of():
    x = weight["embedding"][inputs] + weight["positions"]
    for i in range(sizes["layers"]):
        normed = functional.layer_norm(x, (width,), weight[f"norm1.{i}"])
        query, key, value = (to_heads(normed @ weight[f"{part}.{i}"]) for part in ("query", "key", "value"))
        scores = (query / math.sqrt(width // heads)) @ key.transpose(2, 3) + bias
        attended = (scores.softmax(-1) @ value).transpose(1, 2).reshape(batch, time, width)
        x = x + attended @ weight[f"output.{i}"]
        up = functional.layer_norm(x, (width,), weight[f"norm2.{i}"]) @ weight[f"up.{i}"]
        x = x + (up * torch.sigmoid(1.702 * up)) @ weight[f"down.{i}"]
    logits = functional.layer_norm(x, (width,), weight["norm"]) @ weight["head"]
    return functional.cross_entropy(logits.reshape(batch * time, -1), labels.reshape(-1))


for line in sys.stdin:
    losses, start = [], clock.perf_counter()
    for _ in range(json.loads(line)["steps"]):
        loss = loss_of()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    seconds = clock.perf_counter() - start
    peak = int(re.search(r"VmHWM:\s+(\d+)", open("/proc/self/status").read())[1]) * 1024
    print("@answer " + json.dumps({"losses": losses, "seconds": seconds, "peak": peak}), flush=True)
