#!/usr/bin/env bash
# What only a machine with a GPU can say: conformance, compute-sanitizer and speed, in one report.
#
#   scripts/gpu-check.sh pack [FILE]   here: builds, and packs what the other machine needs (default gpu-check.tar.xz)
#   ./gpu-check.sh run [REPORT]        there, in the unpacked folder: runs everything (default report.md)
#
# The other machine needs a driver of CUDA 13.0 or later and glibc 2.34 or later, and neither Rust nor a toolkit;
# compute-sanitizer is used if it is there. `run` goes on after a failure, and ends with 1 if there was one. It ends within
# CHECK_SECONDS (570): what there was no time for is named in the report. The most important comes first.
#
# To try out both without a GPU: CHECK_PROFILE=dev packs a debug build, CHECK_TINY=1 runs small sizes, and with MPC_LIBCUDA
# naming the emulator the GPU is an emulated one.
set -euo pipefail
called_from=$PWD
cd "$(dirname "${BASH_SOURCE[0]}")"

# The tests of whole sessions that run on the GPU too.
suites=(conformance bits choice conv functions gradients linear_ops mechanism operators pool random scatter sort together truncation)
# What is measured on the GPU and on the processor, in this order; `mpc bench --list` says what they are.
workloads=(relu lenet lenet_train resnet18 encoder matmul1024 conv2d sigmoid softmax maxpool)
# No upload is larger.
most_megabytes=50

# The programs that cargo says it has made.
executables() {
  sed -n 's/.*"executable":"\([^"]*\)".*/\1/p'
}

pack() {
  local file folder profile=${CHECK_PROFILE:-release} wanted=(--test cuda) suite binary name megabytes
  file=$(cd "$called_from" && realpath -m "${1:-gpu-check.tar.xz}")
  folder=$(mktemp -d)
  mkdir "$folder/tests"
  cd ..
  cargo build --profile "$profile" -p mpc-cli --features cuda --message-format=json | executables |
    while read -r binary; do cp "$binary" "$folder/mpc"; done
  for suite in "${suites[@]}"; do
    [[ ! -e mpc-core/tests/$suite.rs && ! -e mpc-core/tests/$suite/main.rs ]] || wanted+=(--test "$suite")
  done
  cargo test --profile "$profile" -p mpc-core --features cuda --no-run --message-format=json "${wanted[@]}" | executables |
    while read -r binary; do
      name=$(basename "$binary")
      cp "$binary" "$folder/tests/${name%-*}"
    done
  cargo bench --profile "$profile" -p mpc-core --features cuda --no-run --message-format=json --bench cuda | executables |
    while read -r binary; do cp "$binary" "$folder/kernels"; done
  # Names of functions stay, for messages.
  strip --strip-debug "$folder/mpc" "$folder/kernels" "$folder"/tests/*
  cp scripts/gpu-check.sh "$folder/"
  { git rev-parse HEAD; git diff --quiet HEAD || echo "and changes that are not committed"; } | paste -sd' ' > "$folder/commit"
  # What the programs have in common, which is most of them, is stored once.
  tar -C "$folder" -c . | xz -9 > "$file"
  rm -r "$folder"
  megabytes=$(($(stat -c %s "$file") / 1000000))
  echo "$file: $megabytes MB. Unpack it on the other machine, and run ./gpu-check.sh run there"
  ((megabytes <= most_megabytes)) || { echo "that is more than $most_megabytes MB" >&2; exit 1; }
}

# Writes a title, and what there is to say instead of a section.
note() {
  { echo; echo "## $1"; echo; echo "$2"; } >> "$report"
}

# section SECONDS TITLE COMMAND...: runs it for at most so long, and writes its output and its result to the report.
section() {
  local most=$1 title=$2 start=$SECONDS result=passed left=$((deadline - SECONDS)) code=0
  shift 2
  if ((left < 5)); then
    note "$title" "NOT RUN: no time was left"
    late+=("$title")
    return
  fi
  ((most <= left)) || most=$left
  echo "== $title" >&2
  { echo; echo "## $title"; echo; echo '```text'; echo "\$ $*"; } >> "$report"
  timeout --kill-after=5 "$most" "$@" >> "$report" 2>&1 || code=$?
  case $code in
    0) ;;
    124 | 137) result="NOT FINISHED after $most s"; late+=("$title") ;;
    *) result="FAILED ($code)"; failed+=("$title") ;;
  esac
  { echo '```'; echo; echo "$result, $((SECONDS - start)) s"; } >> "$report"
}

# The workloads that this program has.
known() {
  local list name
  list=$(./mpc bench --list)
  for name in "${workloads[@]}"; do
    ! grep -qw -- "$name" <<< "$list" || echo "$name"
  done
}

run() {
  report=$(cd "$called_from" && realpath -m "${1:-report.md}")
  deadline=$((SECONDS + ${CHECK_SECONDS:-570}))
  failed=()
  late=()
  local tiny=() test tool name repeat=(--repeat 3)
  [[ -z ${CHECK_TINY:-} ]] || tiny=(--tiny)
  export MPC_TEST_GPU=1
  { echo "# Check of the CUDA backend"; echo; echo "$(date -u +%FT%TZ), commit $(cat commit)"; } > "$report"
  if command -v nvidia-smi > /dev/null; then
    section 20 "The machine" nvidia-smi
    section 20 "Clocks and memory" nvidia-smi -q -d CLOCK,MEMORY,PERFORMANCE
  else
    note "The machine" "nvidia-smi is not here; MPC_LIBCUDA=${MPC_LIBCUDA:-}"
  fi
  section 20 "Processors" lscpu
  section 120 "Every kernel against the processor, and sessions byte by byte" ./tests/cuda
  section 90 "Speed of kernels, beside what the GPU can do at best" ./kernels "${tiny[@]}"
  MPC_DEVICE=cuda section 60 "Sessions on the GPU: conformance" ./tests/conformance
  for name in $(known); do
    section 60 "Workload on the GPU: $name" \
      ./mpc bench "$name" --device cuda --profile "${repeat[@]}" "${tiny[@]}" --json "gpu-$name.json"
  done
  if command -v compute-sanitizer > /dev/null; then
    for tool in memcheck racecheck initcheck synccheck; do
      section 60 "compute-sanitizer $tool" \
        compute-sanitizer --tool "$tool" --error-exitcode 9 ./tests/cuda kernels:: kept:: travel::
    done
  else
    note "compute-sanitizer" "not on this machine: NOT RUN"
  fi
  for test in tests/*; do
    [[ $test == tests/cuda || $test == tests/conformance ]] ||
      MPC_DEVICE=cuda section 40 "Sessions on the GPU: ${test#tests/}" "./$test"
  done
  for name in $(known); do
    section 60 "The same on the processor: $name" \
      ./mpc bench "$name" --device cpu --profile --repeat 1 "${tiny[@]}" --json "cpu-$name.json"
  done
  { echo; echo "## Result"; echo; } >> "$report"
  ((${#late[@]} == 0)) || printf 'not finished, or no time was left: %s\n' "${late[@]}" | tee -a "$report"
  if ((${#failed[@]})); then
    printf 'FAILED: %s\n' "${failed[@]}" | tee -a "$report"
    exit 1
  fi
  echo "nothing failed" | tee -a "$report"
}

case ${1:-} in
  pack) pack "${2:-}" ;;
  run) run "${2:-}" ;;
  *) sed -n '2,13s/^# \{0,1\}//p' "$(basename "${BASH_SOURCE[0]}")" >&2; exit 2 ;;
esac
