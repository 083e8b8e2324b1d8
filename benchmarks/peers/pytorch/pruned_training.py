#!/usr/bin/env python3
"""Trains LeNet-300-100 with PyTorch's own pruning masks (torch.nn.utils.prune) and prints one line of JSON, as
../../training_run.hpp has it: pruned_training.py SPARSITY THREADS STEPS. SGD with momentum on random images, batches of
64; the time of a step is the median."""

import json
import statistics
import sys
import time

import torch
from torch import nn
from torch.nn.utils import prune

sparsity, threads, steps = float(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
torch.set_num_threads(threads)
torch.manual_seed(1)
net = nn.Sequential(nn.Flatten(), nn.Linear(784, 300), nn.ReLU(), nn.Linear(300, 100), nn.ReLU(), nn.Linear(100, 10))
layers = [(layer, "weight") for layer in net if isinstance(layer, nn.Linear)]
prune.global_unstructured(layers, pruning_method=prune.L1Unstructured, amount=sparsity)
optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
loss_of = nn.CrossEntropyLoss()
batches = [(torch.randn(64, 1, 28, 28), torch.randint(10, (64,))) for _ in range(16)]

times = []
for step in range(steps):
    images, labels = batches[step % len(batches)]
    start = time.perf_counter()
    optimizer.zero_grad()
    loss = loss_of(net(images), labels)
    loss.backward()
    optimizer.step()
    times.append(time.perf_counter() - start)

print(json.dumps({"library": "PyTorch masks", "version": torch.__version__, "model": "lenet-300-100", "batch_size": 64,
                  "threads": threads, "sparsity": sparsity, "steps": steps,
                  "seconds_per_step": statistics.median(times)}))
