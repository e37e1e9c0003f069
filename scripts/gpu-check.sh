#!/usr/bin/env bash
# What only a machine with a GPU can say: conformance, compute-sanitizer and speed, in one report.
#
#   scripts/gpu-check.sh pack [FILE]   here: builds, and packs what the other machine needs (default gpu-check.tar.gz)
#   ./gpu-check.sh run [REPORT]        there, in the unpacked folder: runs everything (default report.md)
#
# The other machine needs a driver of CUDA 13.0 or later and glibc 2.34 or later, and neither Rust nor a toolkit;
# compute-sanitizer is used if it is there. `run` goes on after a failure, and ends with 1 if there was one.
set -euo pipefail
called_from=$PWD
cd "$(dirname "${BASH_SOURCE[0]}")"

# The tests of whole sessions that run on the GPU too.
suites=(conformance bits choice conv functions gradients linear_ops mechanism operators pool random scatter sort together truncation)

# The programs that cargo says it has made.
executables() {
  sed -n 's/.*"executable":"\([^"]*\)".*/\1/p'
}

pack() {
  local file folder binary name
  file=$(cd "$called_from" && realpath -m "${1:-gpu-check.tar.gz}")
  folder=$(mktemp -d)
  cd ..
  cargo build --release -p mpc-cli --features cuda
  cp "${CARGO_TARGET_DIR:-target}/release/mpc" "$folder/"
  mkdir "$folder/tests"
  local wanted=(--test cuda) suite
  for suite in "${suites[@]}"; do
    [[ ! -e mpc-core/tests/$suite.rs && ! -e mpc-core/tests/$suite/main.rs ]] || wanted+=(--test "$suite")
  done
  cargo test --release -p mpc-core --features cuda --no-run --message-format=json "${wanted[@]}" | executables |
    while read -r binary; do
      name=$(basename "$binary")
      cp "$binary" "$folder/tests/${name%-*}"
    done
  cargo bench -p mpc-core --features cuda --no-run --message-format=json --bench cuda | executables |
    while read -r binary; do cp "$binary" "$folder/kernels"; done
  cp scripts/gpu-check.sh "$folder/"
  git rev-parse HEAD > "$folder/commit"
  tar -C "$folder" -czf "$file" .
  rm -r "$folder"
  echo "$file: unpack it on the other machine, and run ./gpu-check.sh run there"
}

# section TITLE COMMAND...: runs it, and writes its output and its result to the report.
section() {
  local title=$1 start=$SECONDS result=passed
  shift
  echo "== $title" >&2
  { echo; echo "## $title"; echo; echo '```text'; echo "\$ $*"; } >> "$report"
  "$@" >> "$report" 2>&1 || { result="FAILED ($?)"; failed+=("$title"); }
  { echo '```'; echo; echo "$result, $((SECONDS - start)) s"; } >> "$report"
}

run() {
  report=$(cd "$called_from" && realpath -m "${1:-report.md}")
  failed=()
  export MPC_TEST_GPU=1
  { echo "# Check of the CUDA backend"; echo; echo "$(date -u +%FT%TZ), commit $(cat commit)"; } > "$report"
  section "The machine" nvidia-smi
  section "Processors" lscpu
  section "Every kernel against the processor, and sessions byte by byte" ./tests/cuda
  local test
  for test in tests/*; do
    [[ $test == tests/cuda ]] || MPC_DEVICE=cuda section "Sessions on the GPU: ${test#tests/}" "./$test"
  done
  if command -v compute-sanitizer > /dev/null; then
    local tool
    for tool in memcheck racecheck initcheck synccheck; do
      section "compute-sanitizer $tool" compute-sanitizer --tool "$tool" --error-exitcode 9 ./tests/cuda kernels
    done
  else
    { echo; echo "## compute-sanitizer"; echo; echo "not on this machine: NOT RUN"; } >> "$report"
  fi
  section "Speed of kernels" ./kernels --bench
  section "Workloads on the GPU" ./mpc bench all --device cuda --profile --json gpu.json
  section "The same on the processor" ./mpc bench all --device cpu --profile --json cpu.json
  { echo; echo "## Result"; echo; } >> "$report"
  if ((${#failed[@]})); then
    printf 'FAILED: %s\n' "${failed[@]}" | tee -a "$report"
    exit 1
  fi
  echo "everything passed" | tee -a "$report"
}

case ${1:-} in
  pack) pack "${2:-}" ;;
  run) run "${2:-}" ;;
  *) sed -n '2,9s/^# \{0,1\}//p' "$(basename "${BASH_SOURCE[0]}")" >&2; exit 2 ;;
esac
