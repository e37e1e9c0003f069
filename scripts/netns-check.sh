#!/usr/bin/env bash
# docs/deploy.md, command by command, on three hosts with its own addresses: network namespaces that a switch connects. As root
# on Linux; the test makes the namespaces and takes them away. With an argument, links are shaped by netem, if the kernel has it:
#   scripts/netns-check.sh ["delay 20ms loss 0.1%"]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
if (($# > 0)); then
  export MPC_NETEM=$1
  ip netns add mpc-netem-check
  if ! ip netns exec mpc-netem-check tc qdisc add dev lo root netem delay 1ms 2> /dev/null; then
    ip netns del mpc-netem-check
    echo "this kernel has no netem (modprobe sch_netem)"
    exit 1
  fi
  ip netns del mpc-netem-check
fi
MPC_NETNS=1 cargo test --test deploy the_page_works_on_three_hosts_of_a_network -- --nocapture
