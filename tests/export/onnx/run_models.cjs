// Runs what write_models wrote in ONNX Runtime and compares: run_models.cjs FOLDER. Each model runs on the batch and on
// its first sample alone. Outputs may differ by 1e-5 of the largest one.
const fs = require('fs');
const ort = require('onnxruntime-node');

const folder = process.argv[2] + '/';
const floats = (name) => new Float32Array(new Uint8Array(fs.readFileSync(folder + name)).buffer);

async function check(name) {
  const session = await ort.InferenceSession.create(folder + name + '.onnx', {intraOpNumThreads: 1});
  const shape = fs.readFileSync(folder + name + '.shape', 'utf8').trim().split('\n').map(Number);
  const input = floats(name + '.input'), expected = floats(name + '.output');
  const largest = expected.reduce((most, y) => Math.max(most, Math.abs(y)), 1e-3);
  for (const samples of [shape[0], 1]) {
    const x = input.subarray(0, input.length / shape[0] * samples);
    const feeds = {input: new ort.Tensor('float32', x, [samples, ...shape.slice(1)])};
    const {output} = await session.run(feeds);
    const count = expected.length / shape[0] * samples;
    if (output.data.length !== count || output.dims[0] !== samples)
      throw new Error(`${name}: ${output.dims} outputs, expected ${count}`);
    output.data.forEach((y, i) => {
      if (!(Math.abs(y - expected[i]) <= 1e-5 * largest))
        throw new Error(`${name}: output ${i} of ${samples} samples is ${y}, expected ${expected[i]}`);
    });
  }
}

(async () => {
  const names = fs.readdirSync(folder).filter((f) => f.endsWith('.onnx')).map((f) => f.slice(0, -5));
  for (const name of names) await check(name);
  console.log(`${names.length} models give the same in ONNX Runtime`);
  if (names.length < 60) throw new Error('expected at least 60 models');
})().catch((error) => { console.error(error.message); process.exit(1); });
