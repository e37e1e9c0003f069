#!/usr/bin/env bash
# Two parties and a dealer under the real mpirun (Open MPI) and srun (Slurm), over TLS, on this machine. On Debian:
#   apt-get install openmpi-bin slurm-wlm munge
# Slurm's daemons are started for this check alone, as root, and ended after it. What is not installed is left out, and said so.
#   scripts/cluster-check.sh [FOLDER OF PROGRAMS, target/debug]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
programs=$(realpath "${1:-${CARGO_TARGET_DIR:-target}/debug}")
mpc=$programs/mpc program=$programs/examples/breast_cancer
work=$(mktemp -d)
pids=()
end() {
  for pid in "${pids[@]}"; do kill "$pid" 2> /dev/null || true; done
  wait 2> /dev/null || true
  rm -rf "$work"
}
trap end EXIT
cd "$work"
unset RUST_LOG
left_out=()

for name in Northside Riverside dealer; do "$mpc" cert new --name $name > /dev/null; done
"$mpc" roster new --party Northside=127.0.0.1:27711 Riverside=127.0.0.1:27712 --dealer 127.0.0.1:27713 \
  --cert Northside.identity Riverside.identity dealer.identity > roster.toml

# check NAME COMMAND...: runs a job, which must end well, and compares what its parties have opened.
check() {
  local name=$1
  shift
  echo "==> $name: $*"
  timeout 120 "$@" --identity '{party}.identity' --audit "$name-{party}.jsonl" > "$name.log" 2>&1 || { cat "$name.log"; exit 1; }
  [[ $(grep -c "test accuracy, trained on shares" "$name.log") == 2 ]] || { cat "$name.log"; exit 1; }
  "$mpc" audit "$name-Northside.jsonl" "$name-Riverside.jsonl" | tail -1
}

# refuse TEXT COMMAND...: runs a job, which must fail and say so.
refuse() {
  local text=$1
  shift
  echo "==> $*"
  if timeout 120 "$@" > refused.log 2>&1; then echo "it was not refused"; exit 1; fi
  grep -m1 "$text" refused.log || { cat refused.log; exit 1; }
}

if command -v mpirun > /dev/null && mpirun --version | grep -q "Open MPI"; then
  mpirun --version | head -1
  run=(mpirun --oversubscribe)
  if [[ $(id -u) == 0 ]]; then run+=(--allow-run-as-root); fi
  check openmpi "${run[@]}" -n 3 "$program" --rank-from openmpi --roster roster.toml
  MASTER_PORT=27720 check openmpi-alone "${run[@]}" -n 3 -x MASTER_PORT "$program" --rank-from openmpi
  refuse "the job has 2 processes, and this program needs 3" "${run[@]}" -n 2 "$program" --rank-from openmpi
  refuse "SLURM_PROCID is not set" "${run[@]}" -n 3 "$program" --rank-from slurm
else
  left_out+=("Open MPI (no mpirun)")
fi

# Starts the daemons of Slurm for this machine as its only node.
slurm() {
  dd if=/dev/urandom of=munge.key bs=128 count=1 status=none
  chmod 400 munge.key
  mkdir state spool run
  chmod 755 . run
  munged --foreground --force --key-file munge.key --socket "$work/run/munge" --pid-file munged.pid --log-file munged.log \
    --seed-file munged.seed > /dev/null 2>&1 &
  pids+=($!)
  cat > slurm.conf << CONF
ClusterName=check
SlurmctldHost=$(hostname -s)(127.0.0.1)
SlurmUser=root
SlurmctldPort=27730
SlurmdPort=27731
AuthType=auth/munge
AuthInfo=socket=$work/run/munge
CredType=cred/munge
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmctldLogFile=$work/slurmctld.log
SlurmdLogFile=$work/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
ReturnToService=2
NodeName=$(hostname -s) NodeAddr=127.0.0.1 CPUs=$(nproc) State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES State=UP
CONF
  export SLURM_CONF=$work/slurm.conf
  for _ in {1..50}; do [[ -S run/munge ]] && break; sleep 0.1; done
  slurmctld -D > /dev/null 2>&1 &
  pids+=($!)
  slurmd -D -N "$(hostname -s)" > /dev/null 2>&1 &
  pids+=($!)
  for _ in {1..100}; do sinfo --noheader --format=%t 2> /dev/null | grep -q idle && return; sleep 0.2; done
  tail -n 20 ./*.log
  return 1
}

if command -v srun slurmctld slurmd munged > /dev/null && [[ $(id -u) == 0 ]]; then
  slurm
  srun --version
  run=(srun --overcommit --label --ntasks 3)
  check slurm "${run[@]}" "$program" --rank-from slurm --roster roster.toml
  MASTER_PORT=27740 check slurm-alone "${run[@]}" "$program" --rank-from slurm
  refuse "the job has 2 processes, and this program needs 3" srun --overcommit --ntasks 2 "$program" --rank-from slurm
  cat > job.sh << JOB
#!/bin/sh
exec $program --rank-from slurm --roster roster.toml
JOB
  echo "==> sbatch job.sh, without srun"
  if sbatch --wait --overcommit --ntasks 3 --output batch.log job.sh; then echo "it was not refused"; exit 1; fi
  grep -m1 "SLURM_STEP_NUM_TASKS is not set" batch.log
else
  left_out+=("Slurm (no srun, slurmctld, slurmd and munged, or not root)")
fi

((${#left_out[@]} == 0)) || printf 'NOT CHECKED: %s\n' "${left_out[@]}"
echo "jobs find their parties"
