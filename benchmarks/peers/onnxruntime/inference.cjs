// Times ONNX Runtime on the models of a folder, as ../../inference.hpp times tinynn: inference.cjs [--web] FOLDER THREADS
// [BATCH...]. With --web it is the one for browsers, in WebAssembly.
const fs = require('fs');
const median = require('../median.cjs');

const isWeb = process.argv[2] === '--web';
const [folder, threads, ...some] = process.argv.slice(isWeb ? 3 : 2).map((text, i) => i > 0 ? Number(text) : text);
const batches = some.length > 0 ? some : [1, 64, 1000];
const ort = require(isWeb ? 'onnxruntime-web' : 'onnxruntime-node');
const library = isWeb ? 'ONNX Runtime Web' : 'ONNX Runtime';
const version = isWeb ? ort.env.versions.web : ort.env.versions.node;
if (isWeb) ort.env.wasm.numThreads = threads;

function medianOf(session, samples) {
  const shape = [samples, ...session.inputMetadata[0].shape.slice(1)];
  const x = Float32Array.from({length: shape.reduce((a, b) => a * b)}, () => Math.random() * 2 - 1);
  const feeds = {input: new ort.Tensor('float32', x, shape)};
  return median(() => session.run(feeds));
}

(async () => {
  for (const file of fs.readdirSync(folder).filter((f) => f.endsWith('.onnx'))) {
    const session = await ort.InferenceSession.create(folder + '/' + file,
        {intraOpNumThreads: threads, interOpNumThreads: 1, graphOptimizationLevel: 'all'});
    for (const batch of batches) {
      if (file.startsWith('resnet') && batch > 64) continue;  // minutes
      const us = await medianOf(session, batch);
      console.log(JSON.stringify(
          {library, version, case: file.slice(0, -5), batch, threads, us: Number(us.toFixed(3))}));
    }
  }
})();
