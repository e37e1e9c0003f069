#!/usr/bin/env bash
# What only a machine with a GPU can say: conformance, compute-sanitizer and speed, in one report.
#
#   scripts/gpu-check.sh pack [FILE]   here: builds, and packs what the other machine needs (default gpu-check.tar.xz)
#   ./gpu-check.sh run [REPORT]        there, in the unpacked folder: runs everything (default report.md)
#
# The other machine needs a driver of CUDA 13.0 or later and glibc 2.34 or later, and neither Rust nor a toolkit;
# compute-sanitizer is used if it is there, and so is CrypTen: CRYPTEN_PYTHON names a python that has it (default python3).
# `run` goes on after a failure, and ends with 1 if there was one. It ends within CHECK_SECONDS (570): what there was no time
# for is named in the report. The most important comes first, and a summary of it all is at the top.
#
# To try out both without a GPU: CHECK_PROFILE=dev packs a debug build, CHECK_TINY=1 runs small sizes, CHECK_SUITES chooses
# suites of tests, and with MPC_LIBCUDA naming the emulator the GPU is an emulated one.
set -euo pipefail
called_from=$PWD
cd "$(dirname "${BASH_SOURCE[0]}")"

# The tests of whole sessions that run on the GPU too.
read -ra suites <<< "${CHECK_SUITES-bits choice conv functions gradients linear_ops mechanism operators pool random scatter sort \
  together truncation}"
# What is measured on the GPU, in this order; `mpc bench --list` says what they are. First what the summary has.
workloads=(relu10m matmul4096 resnet18 resnet50 vgg16_cifar lenet1 lenet_train vgg16_train vgg16 bert_base
  lenet relu matmul1024 conv2d sigmoid softmax maxpool)
# What is measured on the processor too: nothing that takes minutes there.
beside=(resnet18 resnet50 vgg16_cifar lenet1 lenet lenet_train bert_base relu matmul1024 conv2d sigmoid softmax maxpool)
# What CrypTen is asked for, where it is at hand.
of_crypten=(relu matmul1024 matmul4096 lenet1 lenet relu10m)
# Ring multiplications a second that an H200 is taken to be able to do, in 10^12: 990 of 8 bits, 36 each.
ceiling=27
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
  for suite in conformance "${suites[@]}"; do
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
  cp scripts/gpu-check.sh scripts/gpu-published.tsv scripts/peers/crypten_bench.py "$folder/"
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

# The workloads of a list that this program has.
known() {
  local list name
  list=$(./mpc bench --list)
  for name in "$@"; do
    ! grep -qw -- "$name" <<< "$list" || echo "$name"
  done
}

# figure FILE KEY: a number that `mpc bench --json` wrote of its workload; nothing if it is not there.
figure() {
  [[ ! -e $1 ]] || sed -n "s/^    \"$2\": \([0-9.e+-]*\),\{0,1\}$/\1/p" "$1"
}

# Three digits of a number; a dash where there is none.
short() {
  if [[ -n $1 ]]; then LC_ALL=C printf '%.3g' "$1"; else printf -- -; fi
}

# kernel NAME: the row of a kernel, with its time, its rate and what part that is of the best.
kernel() {
  grep -F -- "| $1 |" "$report" | tail -n 1 || true
}

# What the report says, in short.
summary() {
  local name key value line rate
  echo
  echo "## Summary"
  echo
  [[ -z ${CHECK_TINY:-} ]] || echo "- TINY SIZES: no figure in this report says anything about speed"
  if ((${#failed[@]})); then
    printf -- '- FAILED: %s\n' "${failed[@]}"
  else
    echo "- nothing failed"
  fi
  ((${#late[@]} == 0)) || printf -- '- not finished, or no time was left: %s\n' "${late[@]}"
  ((${#absent[@]} == 0)) || printf -- '- not on this machine: %s\n' "${absent[@]}"
  for name in "product, limbs kept: 4096^3" "masked product: 4096^3"; do
    line=$(kernel "$name")
    rate=$(sed -n 's/.*| \([0-9.]*\) T\/s |.*/\1/p' <<< "$line")
    [[ -n $rate ]] || continue
    awk -v rate="$rate" -v ceiling="$ceiling" -v name="$name" -v best="$(cut -d'|' -f5 <<< "$line")" 'BEGIN {
      printf "- %s: %s T ring multiplications a second, %.0f %% of %s T (wanted on an H200: 40 %%); of the best by this GPU'\''s clocks:%s\n",
        name, rate, 100 * rate / ceiling, ceiling, best }'
  done
  line=$(kernel "ReLU, all kernels of a party")
  [[ -z $line ]] || awk -v line="$line" 'BEGIN {
    split(line, cell, "|")
    part = cell[5] + 0
    printf "- ReLU of a party, all kernels for 10,000,000 values:%s; its bytes cross the memory at%s", cell[3], cell[4]
    if (part > 0) printf ", %.1f times the floor by bandwidth (wanted: 3)", 100 / part
    print "" }'
  echo
  echo "Seconds of whole sessions, two parties and a dealer as processes on this machine, by \`mpc bench\`; what others have"
  echo "published is from other machines (gpu-published.tsv), and CrypTen, if it was at hand, ran on this GPU."
  echo
  echo "| workload | on the GPU | its error | on the processor | CrypTen here | published |"
  echo "|---|---|---|---|---|---|"
  for name in $(known "${workloads[@]}"); do
    line="| $name |"
    for key in seconds max_abs_err; do
      value=$(figure "gpu-$name.json" "$key")
      line+=" $(short "$value") |"
    done
    line+=" $(short "$(figure "cpu-$name.json" seconds)") |"
    value=$(sed -n "s/^$name  *\([0-9.]*\) s$/\1/p" "$report" | tail -n 1)
    line+=" ${value:--} |"
    value=$(awk -F'\t' -v name="$name" '$1 == name { printf "%s%s %s (%s)", comma, $2, $3, $4; comma = ", " }' gpu-published.tsv)
    echo "$line ${value:--} |"
  done
}

run() {
  report=$(cd "$called_from" && realpath -m "${1:-report.md}")
  deadline=$((SECONDS + ${CHECK_SECONDS:-570}))
  failed=() late=() absent=()
  local tiny=() repeat test tool name python=${CRYPTEN_PYTHON:-python3}
  [[ -z ${CHECK_TINY:-} ]] || tiny=(--tiny)
  export MPC_TEST_GPU=1
  rm -f gpu-*.json cpu-*.json
  # Whole at any moment, should this script be stopped: only the summary comes last, and stands first.
  { echo "# Check of the CUDA backend"; echo; echo "$(date -u +%FT%TZ), commit $(cat commit)"; } > "$report"
  if command -v nvidia-smi > /dev/null; then
    section 20 "The machine" nvidia-smi
    section 20 "Clocks and memory" nvidia-smi -q -d CLOCK,MEMORY,PERFORMANCE
  else
    note "The machine" "nvidia-smi is not here; MPC_LIBCUDA=${MPC_LIBCUDA:-}"
    absent+=(nvidia-smi)
  fi
  section 20 "Processors" lscpu
  section 90 "Every kernel against the processor, and sessions byte by byte" ./tests/cuda
  section 60 "Speed of products of matrices, beside what the GPU can do at best" ./kernels "${tiny[@]}" "^3"
  section 30 "Speed of a party's ReLU, beside what the GPU can do at best" ./kernels "${tiny[@]}" "ReLU"
  MPC_DEVICE=cuda section 60 "Sessions on the GPU: conformance" ./tests/conformance
  for name in $(known "${workloads[@]}"); do
    repeat=3
    [[ $name != vgg16 ]] || repeat=1
    section 45 "Workload on the GPU: $name" \
      ./mpc bench "$name" --device cuda --profile --repeat "$repeat" "${tiny[@]}" --json "gpu-$name.json"
  done
  if command -v compute-sanitizer > /dev/null; then
    for tool in memcheck racecheck initcheck synccheck; do
      section 40 "compute-sanitizer $tool" \
        compute-sanitizer --tool "$tool" --error-exitcode 9 ./tests/cuda exponentials:: kernels:: kept:: travel::
    done
  else
    note "compute-sanitizer" "not on this machine: NOT RUN"
    absent+=(compute-sanitizer)
  fi
  if "$python" -c 'import torch, crypten' > /dev/null 2>&1; then
    section 60 "CrypTen on the same GPU" "$python" crypten_bench.py --device cuda "${of_crypten[@]}"
  else
    note "CrypTen" "$python has no torch with crypten: NOT RUN"
    absent+=(CrypTen)
  fi
  section 60 "Speed of all other kernels" ./kernels "${tiny[@]}"
  for test in tests/*; do
    [[ $test == tests/cuda || $test == tests/conformance ]] ||
      MPC_DEVICE=cuda section 40 "Sessions on the GPU: ${test#tests/}" "./$test"
  done
  for name in $(known "${beside[@]}"); do
    section 60 "The same on the processor: $name" \
      ./mpc bench "$name" --device cpu --profile --repeat 1 "${tiny[@]}" --json "cpu-$name.json"
  done
  summary | tee "$report.summary" >&2
  { head -n 3 "$report"; cat "$report.summary"; tail -n +4 "$report"; } > "$report.whole"
  mv "$report.whole" "$report"
  rm "$report.summary"
  echo "$report"
  ((${#failed[@]} == 0)) || exit 1
}

case ${1:-} in
  pack) pack "${2:-}" ;;
  run) run "${2:-}" ;;
  *) sed -n '2,14s/^# \{0,1\}//p' "$(basename "${BASH_SOURCE[0]}")" >&2; exit 2 ;;
esac
