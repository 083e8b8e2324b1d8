#!/usr/bin/env python3
"""Training steps of LeNet-300-100 under PyTorch's DistributedDataParallel, over gloo, with the masks of
torch.nn.utils.prune; run by ../network.sh under mpirun. network.py BATCH STEPS INTERFACE"""
import json
import os
import statistics
import sys
import time

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch.nn.utils import prune

batch, steps, interface = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
rank, ranks = int(os.environ["OMPI_COMM_WORLD_RANK"]), int(os.environ["OMPI_COMM_WORLD_SIZE"])
os.environ.update(MASTER_PORT="29500", GLOO_SOCKET_IFNAME=interface)
torch.set_num_threads(1)
dist.init_process_group("gloo", rank=rank, world_size=ranks)


def wire_bytes():
    with open(f"/sys/class/net/{interface}/statistics/tx_bytes") as count:
        return int(count.read())


for zeros in (0, 0.5, 0.9, 0.95, 0.99):
    torch.manual_seed(1)
    net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 300), torch.nn.ReLU(), torch.nn.Linear(300, 100),
                              torch.nn.ReLU(), torch.nn.Linear(100, 10))
    if zeros:
        layers = [(layer, "weight") for layer in net if isinstance(layer, torch.nn.Linear)]
        prune.global_unstructured(layers, prune.L1Unstructured, amount=zeros)
    net = torch.nn.parallel.DistributedDataParallel(net)
    sgd = torch.optim.SGD(net.parameters(), lr=1e-3, momentum=0.9)
    x, y = torch.randn(batch // ranks, 1, 28, 28), torch.ones(batch // ranks, dtype=torch.long)
    times, sent = [], 0
    for step in range(steps + 2):
        if step == 2:
            sent = wire_bytes()
        begin = time.perf_counter()
        sgd.zero_grad()
        F.cross_entropy(net(x), y).backward()
        sgd.step()
        if step >= 2:
            times.append(1000 * (time.perf_counter() - begin))
    if rank == 0:
        print(json.dumps({"model": "lenet-300-100", "batch": batch, "zeros": zeros, "sends": "all, DDP of PyTorch",
                          "step_ms": round(statistics.median(times), 3), "wire_bytes": round((wire_bytes() - sent) / steps)}),
              flush=True)
