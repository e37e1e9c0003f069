//! Links between the documents lead somewhere, and the book has all pages.

use std::{
    fs,
    path::{Path, PathBuf},
};

fn pages(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && !name.starts_with('.') && name != "target" {
            pages(&path, into);
        } else if name.ends_with(".md") {
            into.push(path);
        }
    }
}

/// The targets of `[text](target)` outside of code, with their lines.
fn links(text: &str) -> Vec<(usize, String)> {
    let (mut found, mut code) = (Vec::new(), false);
    for (at, line) in text.lines().enumerate() {
        code ^= line.trim_start().starts_with("```");
        // What stands between single backquotes is code too.
        let plain: String = line.split('`').step_by(2).collect();
        let targets = plain.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
        found.extend(targets.filter(|_| !code).map(|(target, _)| (at + 1, target.to_owned())));
    }
    found
}

#[test]
fn every_link_leads_to_a_file() {
    let (root, mut all, mut broken) = (Path::new(env!("CARGO_MANIFEST_DIR")), Vec::new(), Vec::new());
    pages(root, &mut all);
    assert!(all.len() > 15, "{all:?}");
    for page in all {
        for (line, target) in links(&fs::read_to_string(&page).unwrap()) {
            let file = target.split('#').next().unwrap_or_default();
            if !target.contains("://") && !file.is_empty() && !page.with_file_name(file).exists() {
                broken.push(format!("{}:{line}: {target}", page.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn the_book_has_every_page_and_its_title() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let summary = fs::read_to_string(docs.join("SUMMARY.md")).unwrap();
    let mut all = Vec::new();
    pages(&docs, &mut all);
    for page in all.iter().filter(|page| !page.ends_with("SUMMARY.md")) {
        let text = fs::read_to_string(page).unwrap();
        let title = text.lines().next().unwrap_or_default().trim_start_matches("# ");
        let entry = format!("[{title}]({})", page.strip_prefix(&docs).unwrap().display());
        assert!(summary.contains(&entry), "docs/SUMMARY.md lacks {entry}");
    }
}
