"""State dicts in every form that PyTorch users have give PyTorch's outputs: see pytorch_test.sh.
state_dict_test.py TINYNN FORWARD FOLDER"""
import os
import pickle
import subprocess
import sys
import zipfile

import torch
from torch import nn
from torch.nn.utils import prune

from checkpoint import read_tensors, write_tensors

tinynn, forward, folder = sys.argv[1:]
torch.manual_seed(2)
images = torch.rand(5, 1, 28, 28)
types = {torch.float32: "F32", torch.int64: "I64", torch.float16: "F16", torch.bfloat16: "BF16", torch.float64: "F64"}


def path(name):
    return f"{folder}/{name}"


def save_safetensors(state, file, metadata=None):
    def data(t):
        t = t.detach().contiguous()
        return (t.view(torch.int16) if t.dtype == torch.bfloat16 else t).numpy().tobytes()

    write_tensors(file, {name: (types[t.dtype], t.shape, data(t)) for name, t in state.items()}, metadata or {})


def outputs(file):
    save_safetensors({"images": images}, path("images"))
    subprocess.run([forward, file, path("images"), path("outputs")], check=True)
    (kind, shape, data), = read_tensors(path("outputs"))[0].values()
    return torch.frombuffer(data, dtype=torch.float32).reshape(shape)


def run(*arguments):
    return subprocess.run([tinynn, *arguments], capture_output=True, text=True)


def imports(file, model, *more):
    done = run("import", "--in", file, "--model", model, "--sample", "1,28,28", *more, "--out", path("imported"))
    assert done.returncode == 0, done.stderr
    return done.stdout


def check_outputs(module, what):
    with torch.no_grad():
        expected = module.eval()(images)
    difference = (outputs(path("imported")) - expected).abs().max() / expected.abs().max()
    assert difference < 1e-5, f"{what}: outputs differ by {difference:.2g} of the largest"


def refused(file, reason, model="lenet-5"):
    done = run("import", "--in", file, "--model", model, "--sample", "1,28,28", "--out", path("never"))
    assert done.returncode == 1 and reason in done.stderr, f"{reason!r} is not in {done.stderr!r}"
    assert done.stderr.count("\n") == 1 and not os.path.exists(path("never"))


class Net(nn.Module):
    """Names of its own, BatchNorm, and a residual branch."""

    def __init__(self):
        super().__init__()
        self.stem, self.norm = nn.Conv2d(1, 6, 5), nn.BatchNorm2d(6)
        self.deep = nn.Conv2d(6, 6, 3, padding=1, bias=False)
        self.out = nn.Linear(6 * 12 * 12, 10)

    def forward(self, x):
        h = nn.functional.max_pool2d(torch.relu(self.norm(self.stem(x))), 2)
        h = torch.relu(h + self.deep(h))
        return self.out(h.flatten(1))


text = "stem: conv 6 5, norm: bn, relu, maxpool 2, [deep: conv 6 3 pad 1 nobias]+, relu, out: linear 10"
net = Net()
net(torch.rand(20, 1, 28, 28))  # statistics of its own
state = net.state_dict()
# A name inside brackets has that of the bracket before it.
inside = {name.replace("deep.", "4.deep."): tensor for name, tensor in state.items()}

for ending in ".pt", ".pth", ".safetensors":
    def save(tensors, name="w"):
        file = path(name + ending)
        save_safetensors(tensors, file) if ending == ".safetensors" else torch.save(tensors, file)
        return file

    imports(save(inside), text)
    check_outputs(net, ending)
    for prefix in "module.", "_orig_mod.", "module._orig_mod.":
        imports(save({prefix + name: tensor for name, tensor in inside.items()}), text)
        check_outputs(net, prefix + ending)
    for kind in torch.float16, torch.bfloat16, torch.float64:
        rounded = {n: t.to(kind) if t.is_floating_point() else t for n, t in inside.items()}
        imports(save(rounded), text)
        twin = Net()
        twin.load_state_dict({n.replace("4.deep.", "deep."): t for n, t in rounded.items()})
        check_outputs(twin, f"{kind}{ending}")

    # What torch.nn.utils.prune makes: value and mask, which stays.
    pruned = Net()
    pruned.load_state_dict(state)
    for layer in pruned.stem, pruned.out:
        prune.l1_unstructured(layer, "weight", amount=0.7)
    imports(save({n.replace("deep.", "4.deep."): t for n, t in pruned.state_dict().items()}), text)
    check_outputs(pruned, "pruned" + ending)
    shown = run("inspect", path("imported")).stdout
    masked = next(line for line in shown.splitlines() if line.startswith("out.weight"))
    assert f"{round(0.7 * 8640):,}" in masked, masked

    # Missing and left over.
    few = {n: t for n, t in inside.items() if n != "out.bias"}
    few["head.weight"] = torch.zeros(3, 3)
    refused(save(few), 'it lacks "out.bias"; the module has no "head.weight"', text)
    left_out = imports(save(few), text, "--partial")
    assert '"out.bias" is not in the file' in left_out and '"head.weight" of the file is not here' in left_out

# As it stands in a checkpoint of a training, with an optimizer beside it, views and transposed weights.
momentum = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
net.train()(images).sum().backward()
momentum.step()
inside = {name.replace("deep.", "4.deep."): tensor for name, tensor in net.state_dict().items()}
for key in "state_dict", "model_state_dict", "model":
    torch.save({"epoch": 3, "loss": 0.25, "name": "mine", key: inside, "optimizer": momentum.state_dict()}, path("c.pt"))
    imports(path("c.pt"), text)
    check_outputs(net, key)
views = {n: t.t().contiguous().t() if t.dim() == 2 else t for n, t in inside.items()}
views["norm.weight"] = torch.cat([torch.zeros(3), inside["norm.weight"]])[3:]
views["out.bias"] = nn.Parameter(inside["out.bias"])
torch.save(views, path("v.pt"))
imports(path("v.pt"), text)
check_outputs(net, "views")
done = run("inspect", path("v.pt"))
assert done.returncode == 0 and "4.deep.weight" in done.stdout and "--model says what it is" in done.stdout
done = run("eval", "--in", path("v.pt"), "--model", text, "--sample", "1,28,28", "--data", "mnist")
assert done.returncode == 0 and "test accuracy" in done.stdout, done.stderr

# Nothing is executed, and what is no state dict says what it asked for.
class Evil:
    def __reduce__(self):
        return os.system, (f"touch {path('executed')}",)


torch.save({"weight": Evil()}, path("evil.pt"))
refused(path("evil.pt"), 'asks for "posix system", which no state dict needs')
torch.save(net, path("module.pt"))
refused(path("module.pt"), 'asks for "__main__ Net"')
torch.save({"epoch": 3}, path("none.pt"))
refused(path("none.pt"), 'it holds no tensors, at most under "epoch"')
torch.save([torch.zeros(2)], path("list.pt"))
refused(path("list.pt"), "it holds no dictionary")
torch.save({"a": torch.zeros(1).expand(1 << 30)}, path("huge.pt"))
refused(path("huge.pt"), "reaches beyond its storage")
torch.save({"a": torch.zeros(2, dtype=torch.complex64)}, path("complex.pt"))
refused(path("complex.pt"), 'is of "torch ComplexFloatStorage", which is not supported')
with zipfile.ZipFile(path("other.zip"), "w") as archive:
    archive.writestr("a.txt", "text")
refused(path("other.zip"), "no data.pkl in the archive")
with zipfile.ZipFile(path("broken.pt"), "w") as archive:
    archive.writestr("archive/data.pkl", pickle.dumps({"a": 1}, protocol=2)[:-1])
refused(path("broken.pt"), "ends early")
assert not os.path.exists(path("executed"))
print("all is well")
