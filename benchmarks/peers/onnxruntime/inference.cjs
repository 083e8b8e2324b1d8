// Times ONNX Runtime on the models of a folder, as ../../inference.hpp times tinynn: inference.cjs [--web] FOLDER THREADS
// [BATCH...]. With --web it is the one for browsers, in WebAssembly.
const fs = require('fs');

const isWeb = process.argv[2] === '--web';
const [folder, threads, ...some] = process.argv.slice(isWeb ? 3 : 2).map((text, i) => i > 0 ? Number(text) : text);
const batches = some.length > 0 ? some : [1, 64, 1000];
const ort = require(isWeb ? 'onnxruntime-web' : 'onnxruntime-node');
const library = isWeb ? 'ONNX Runtime Web' : 'ONNX Runtime';
const version = isWeb ? ort.env.versions.web : ort.env.versions.node;
if (isWeb) ort.env.wasm.numThreads = threads;

async function median(session, samples) {
  const shape = [samples, ...session.inputMetadata[0].shape.slice(1)];
  const x = Float32Array.from({length: shape.reduce((a, b) => a * b)}, () => Math.random() * 2 - 1);
  const feeds = {input: new ort.Tensor('float32', x, shape)};
  const times = [];
  let total = 0;
  for (let i = 0; i < 20 || total < 2e5; ++i) {
    const start = process.hrtime.bigint();
    await session.run(feeds);
    const time = Number(process.hrtime.bigint() - start) / 1000;
    if (i < 5) continue;  // warm-up
    times.push(time);
    total += time;
  }
  times.sort((a, b) => a - b);
  return times[Math.floor(times.length / 2)];
}

(async () => {
  for (const file of fs.readdirSync(folder).filter((f) => f.endsWith('.onnx'))) {
    const session = await ort.InferenceSession.create(folder + '/' + file,
        {intraOpNumThreads: threads, interOpNumThreads: 1, graphOptimizationLevel: 'all'});
    for (const batch of batches) {
      if (file.startsWith('resnet') && batch > 64) continue;  // minutes
      const us = await median(session, batch);
      console.log(JSON.stringify(
          {library, version, case: file.slice(0, -5), batch, threads, us: Number(us.toFixed(3))}));
    }
  }
})();
