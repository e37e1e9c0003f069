//! Tables for people.

use comfy_table::{CellAlignment, Table, presets};

use super::row::Row;
use super::workloads::{ALIAS, LARGE, QUICK, Workload};

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY).set_header(header);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn or_dash<T>(value: Option<T>, text: impl Fn(T) -> String) -> String {
    value.map_or_else(|| "-".to_owned(), text)
}

fn seconds(x: f64) -> String {
    if x < 0.01 { format!("{x:.4}") } else { format!("{x:.3}") }
}

fn megabytes(bytes: u64) -> String {
    let x = bytes as f64 / 1e6;
    if x < 1.0 { format!("{x:.3}") } else { format!("{x:.1}") }
}

/// The results.
pub(super) fn results(rows: &[Row]) -> String {
    let mut table = table(&[
        "workload",
        "seconds",
        "min",
        "of it waiting for the dealer",
        "rounds",
        "MB a party",
        "MB dealt",
        "MB memory",
        "the dealer's",
        "error",
        "G-MAC/s",
    ]);
    for row in rows {
        let memory = |dealer: bool| {
            let of = row.processes.iter().filter(|process| (process.name == super::DEALER) == dealer);
            or_dash(of.filter_map(|process| process.peak_rss_bytes).max(), |bytes| format!("{:.0}", bytes as f64 / 1e6))
        };
        table.add_row([
            row.workload.clone(),
            or_dash(row.seconds, seconds),
            or_dash(row.seconds_min, seconds),
            or_dash(row.offline_seconds, seconds),
            row.rounds.to_string(),
            megabytes(row.bytes_per_party),
            megabytes(row.dealer_bytes),
            memory(false),
            memory(true),
            or_dash(row.max_abs_err, |error| format!("{error:.1e}")),
            or_dash(row.giga_products_per_second, |rate| format!("{rate:.2}")),
        ]);
    }
    format!("{table}\n")
}

/// Where the time went, at each process.
pub(super) fn profile(rows: &[Row]) -> String {
    let mut table = table(&[
        "workload",
        "process",
        "seconds",
        "waiting for peers",
        "for the dealer",
        "neither",
        "CPU: program",
        "kernels",
        "network",
    ]);
    for (row, process) in rows.iter().flat_map(|row| row.processes.iter().map(move |process| (row, process))) {
        let busy = process.seconds.zip(process.waiting_for_peers).zip(process.waiting_for_dealer);
        table.add_row([
            row.workload.clone(),
            process.name.clone(),
            or_dash(process.seconds, seconds),
            or_dash(process.waiting_for_peers, seconds),
            or_dash(process.waiting_for_dealer, seconds),
            or_dash(busy, |((all, peers), dealer)| seconds(all - peers - dealer)),
            or_dash(process.cpu, |cpu| seconds(cpu.program)),
            or_dash(process.cpu, |cpu| seconds(cpu.kernels)),
            or_dash(process.cpu, |cpu| seconds(cpu.network)),
        ]);
    }
    format!("{table}\n")
}

/// What there is to measure.
pub(super) fn list(workloads: &[Workload]) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY).set_header(["workload", "what it is", "part of"]);
    for workload in workloads {
        let part = match workload.name {
            name if QUICK.contains(&name) => "the default, all",
            name if LARGE.contains(&name) => "large",
            _ => "all",
        };
        let name =
            if workload.name == ALIAS.1 { format!("{}, {}", ALIAS.1, ALIAS.0) } else { workload.name.to_owned() };
        table.add_row([&name, &workload.about, part]);
    }
    format!("{table}\n")
}
