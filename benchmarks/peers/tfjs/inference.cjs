// Times TensorFlow.js in WebAssembly on networks of the structure of tinynn/models/, with random weights, as
// ../../inference.hpp times tinynn: inference.cjs THREADS. More than one thread needs a browser.
const tf = require('@tensorflow/tfjs-core');
const {layers, sequential} = require('@tensorflow/tfjs-layers');
const {setThreadsCount} = require('@tensorflow/tfjs-backend-wasm');
const median = require('../median.cjs');

const threads = Number(process.argv[2]);
const dense = (units, activation) => layers.dense({units, activation});
const conv = (filters, kernelSize, padding, activation) => layers.conv2d({filters, kernelSize, padding, activation});
const pool = () => layers.maxPooling2d({poolSize: 2, strides: 2});
const networks = {
  'lenet-300-100': [dense(300, 'relu'), dense(100, 'relu'), dense(10)],
  'simple-cnn': [conv(4, 3, 'same', 'relu'), pool(), conv(8, 3, 'same', 'relu'), pool(), layers.flatten(), dense(64, 'relu'), dense(10)],
  'lenet-5': [conv(20, 5, 'valid'), pool(), conv(50, 5, 'valid'), pool(), layers.flatten(), dense(500, 'relu'), dense(10)],
};

(async () => {
  setThreadsCount(threads);
  await tf.setBackend('wasm');
  await tf.ready();
  for (const [name, list] of Object.entries(networks)) {
    const model = sequential({layers: [layers.inputLayer({inputShape: name === 'lenet-300-100' ? [784] : [28, 28, 1]}), ...list]});
    for (const batch of [1, 64]) {
      const x = tf.randomUniform([batch, ...model.inputs[0].shape.slice(1)], -1, 1);
      const us = await median(() => tf.tidy(() => model.predict(x, {batchSize: batch}).dataSync()));
      console.log(JSON.stringify({library: 'TensorFlow.js', version: tf.version_core, case: name, batch, threads, us: Number(us.toFixed(3))}));
    }
  }
})();
