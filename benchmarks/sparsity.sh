#!/usr/bin/env bash
# Sparse kernels against dense ones by the share of zeros, as a table and a picture with the rule for switching drawn in:
# benchmarks/sparsity.sh [PICTURE.svg [REPETITIONS]]. One thread.
set -euo pipefail
picture=$(realpath "${1:-sparsity.svg}")
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source .ci/setup.sh
[[ -n ${TINYNN_BENCH_ISA:-} ]] || unset OPENBLAS_CORETYPE # OpenBLAS chooses its kernels itself, for this machine
install_packages "${build_packages[@]}" gnuplot-nox
TINYNN_CMAKE_ARGS="${TINYNN_CMAKE_ARGS:-} -DTINYNN_BUILD_BENCHMARKS=ON" build release tinynn_bench_sparsity
table=$(mktemp)
trap 'rm -f "$table" "$table".*' EXIT
build/release/benchmarks/tinynn_bench_sparsity "${2:-15}" 1 | tee "$table"

# "| LAYER | PRODUCT | RATIO | ... |" as columns "ZEROS RATIO" of one file a product.
lines() {
    grep "^| $1 | $2 |" "$table" | cut -d'|' -f4-12 | tr -d ' ' | tr '|' '\n' | grep . |
        paste <(printf '%s\n' 50 60 70 80 90 95 98 99) - >"$table.$3"
}
panels=("784 x 300, batch 64" "20 x 12 x 12 to 50 by 5 x 5, batch 64")
for panel in 0 1; do
    lines "${panels[panel]}" forward "$panel.forward"
    lines "${panels[panel]}" "backward, input" "$panel.input"
    lines "${panels[panel]}" "backward, weight" "$panel.weight"
done
linear=60 # the rule of kernels/sparse.hpp
if [[ ! ${TINYNN_BENCH_ISA:-} ]] && grep -q avx512f /proc/cpuinfo; then linear=65; fi
gnuplot <<PLOT
set terminal svg size 860,380 font "sans-serif,13" background "white"
set output "$picture"
set multiplot layout 1,2
set logscale y 2
set yrange [0.4:32]
set xrange [50:100]
set xlabel "weights that are zero, %"
set ylabel "dense time / sparse time"
set key top left
set grid
set arrow from 50,1 to 100,1 nohead linecolor "gray60"
do for [panel=0:1] {
  rule = panel == 0 ? $linear : 65
  set arrow 2 from rule,0.4 to rule,32 nohead dashtype 2 linecolor "gray30"
  set label 2 "sparse kernels from here on" at rule + 0.8,0.5 font ",11" textcolor "gray30"
  set title panel == 0 ? "linear, 784 x 300" : "convolution, 20 channels to 50 by 5 x 5"
  base = "$table." . panel
  plot base.".forward" with linespoints pointtype 7 title "forward", \
       base.".input" with linespoints pointtype 5 title "gradient of the input", \
       base.".weight" with linespoints pointtype 9 title "gradient of the weight"
}
PLOT
echo "picture: $picture"
