// The median microseconds of a call, as ../inference.hpp takes it; of one that gives a promise, until that is kept.
module.exports = async function median(run) {
  const times = [];
  let total = 0;
  for (let i = 0; i < 20 || total < 2e5; ++i) {
    const start = process.hrtime.bigint();
    await run();
    const time = Number(process.hrtime.bigint() - start) / 1000;
    if (i < 5) continue;  // warm-up
    times.push(time);
    total += time;
  }
  times.sort((a, b) => a - b);
  return times[Math.floor(times.length / 2)];
};
