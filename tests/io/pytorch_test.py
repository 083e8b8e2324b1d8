"""Weights move between tinynn and PyTorch: see pytorch_test.sh. pytorch_test.py TINYNN FORWARD FOLDER"""
import subprocess
import sys

import torch
from torch.nn import BatchNorm2d, Conv2d, Linear, Module
from torch.nn.functional import max_pool2d, relu

from checkpoint import read_tensors, write_tensors

tinynn, forward, folder = sys.argv[1:]
torch.manual_seed(1)
images = torch.rand(7, 1, 28, 28)


# The networks of tinynn/models, in the widths of a state dict.
class LeNet300100(Module):
    def __init__(self, out_of):
        super().__init__()
        self.fc1 = Linear(784, out_of("fc1"))
        self.fc2 = Linear(out_of("fc1"), out_of("fc2"))
        self.fc3 = Linear(out_of("fc2"), 10)

    def forward(self, x):
        return self.fc3(relu(self.fc2(relu(self.fc1(x.flatten(1))))))


class SimpleCNN(Module):
    def __init__(self, out_of):
        super().__init__()
        self.conv1 = Conv2d(1, out_of("conv1"), 3, padding=1)
        self.conv2 = Conv2d(out_of("conv1"), out_of("conv2"), 3, padding=1)
        self.fc1 = Linear(out_of("conv2") * 49, out_of("fc1"))
        self.fc2 = Linear(out_of("fc1"), 10)

    def forward(self, x):
        h = max_pool2d(relu(self.conv1(x)), 2)
        h = max_pool2d(relu(self.conv2(h)), 2)
        return self.fc2(relu(self.fc1(h.flatten(1))))


class LeNet5BN(Module):
    def __init__(self, out_of):
        super().__init__()
        self.conv1, self.bn1 = Conv2d(1, out_of("conv1"), 5), BatchNorm2d(out_of("conv1"))
        self.conv2, self.bn2 = Conv2d(out_of("conv1"), out_of("conv2"), 5), BatchNorm2d(out_of("conv2"))
        self.fc1 = Linear(out_of("conv2") * 16, out_of("fc1"))
        self.fc2 = Linear(out_of("fc1"), 10)

    def forward(self, x):
        h = max_pool2d(self.bn1(self.conv1(x)), 2)
        h = max_pool2d(self.bn2(self.conv2(h)), 2)
        return self.fc2(relu(self.fc1(h.flatten(1))))


models = {
    "lenet-300-100": (LeNet300100, {"fc1": 300, "fc2": 100}),
    "simple-cnn": (SimpleCNN, {"conv1": 4, "conv2": 8, "fc1": 64}),
    "lenet-5-bn": (LeNet5BN, {"conv1": 20, "conv2": 50, "fc1": 500}),
}


def path(name):
    return f"{folder}/{name}.safetensors"


def run(*command):
    subprocess.run([tinynn, *command, "--quiet"], check=True)


def load_file(file):
    """As safetensors.torch.load_file does."""
    types = {"F32": torch.float32, "I64": torch.int64}
    tensors, _ = read_tensors(file)
    return {name: torch.frombuffer(data, dtype=types[dtype]).reshape(shape) for name, (dtype, shape, data) in tensors.items()}


def save_file(state, file, metadata):
    """As safetensors.torch.save_file does."""
    types = {torch.float32: "F32", torch.int64: "I64"}
    tensors = {name: (types[t.dtype], t.shape, t.contiguous().numpy().tobytes()) for name, t in state.items()}
    write_tensors(file, tensors, metadata)


def tinynn_outputs(file):
    save_file({"images": images}, path("images"), {})
    subprocess.run([forward, file, path("images"), path("outputs")], check=True)
    return load_file(path("outputs"))["outputs"]


def check_equal(got, expected, what):
    difference = (got - expected).abs().max() / expected.abs().max()
    assert difference < 1e-5, f"{what}: outputs differ by {difference:.2g} of the largest"


def pytorch_module(model, file):
    """The equal PyTorch module, by plain state-dict keys, all of them and no others."""
    state = load_file(file)
    module = models[model][0](lambda layer: len(state[layer + ".bias"]))
    module.load_state_dict(state, strict=True)
    return module.eval()


def export_and_compare(model, name):
    run("export", "--in", path(name), "--format", "safetensors", "--out", path("exported"))
    module = pytorch_module(model, path("exported"))
    with torch.no_grad():
        check_equal(module(images), tinynn_outputs(path(name)), f"{model}, {name}, exported")
    check_equal(tinynn_outputs(path("exported")), tinynn_outputs(path(name)), f"{model}, {name}, read again")
    return module


data = ["--data", "mnist", "--batch-size", "20"]
for model, (make, widths) in models.items():
    # From tinynn: a dense file as it is, a pruned one exported.
    run("train", "--model", model, *data, "--epochs", "1", "--out", path("dense"))
    with torch.no_grad():
        check_equal(pytorch_module(model, path("dense"))(images), tinynn_outputs(path("dense")), f"{model}, dense")
    once = ["--steps", "1", "--finetune-epochs", "1"]
    run("prune", "--in", path("dense"), *data, "--sparsity", "0.95", *once, "--out", path("pruned"))
    assert any(name.endswith("_compressed") for name in read_tensors(path("pruned"))[0]), "not stored sparsely"
    module = export_and_compare(model, "pruned")
    weights = [p for p in module.parameters() if p.dim() > 1]
    zeros = sum((w == 0).sum().item() for w in weights) / sum(w.numel() for w in weights)
    assert abs(zeros - 0.95) < 0.0005, f"{model}: {zeros} of the weights are zero"

    # From PyTorch, with statistics of its own, and back: pruned, compacted.
    module = make(widths.get)
    module(torch.rand(20, 1, 28, 28))
    save_file(module.state_dict(), path("pytorch"), {"format": "pt", "tinynn.model": model})
    module.eval()
    with torch.no_grad():
        check_equal(tinynn_outputs(path("pytorch")), module(images), f"{model}, from PyTorch")
    run("prune", "--in", path("pytorch"), *data, "--sparsity", "0.5", "--granularity", "filter", *once, "--out", path("masked"))
    export_and_compare(model, "masked")
    run("compact", "--in", path("masked"), "--out", path("compacted"))
    small = export_and_compare(model, "compacted")
    few, many = (sum(p.numel() for p in m.parameters()) for m in (small, module))
    assert few < 0.7 * many, f"{model}: {few} of {many} parameters are left"
print("all is well")
