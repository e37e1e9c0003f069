//! The name of a party before each of its lines.

use anstyle::{AnsiColor, Style};

/// The colours of the parties, in turn; red is left for errors.
const COLOURS: [AnsiColor; 6] =
    [AnsiColor::Cyan, AnsiColor::Green, AnsiColor::Magenta, AnsiColor::Yellow, AnsiColor::Blue, AnsiColor::BrightBlack];

/// Prefixes of equal width, one for each party.
pub(super) struct Prefixes(Vec<String>);

impl Prefixes {
    /// For parties of these names.
    pub(super) fn new<'a>(names: impl Iterator<Item = &'a str> + Clone) -> Self {
        let width = names.clone().map(|name| name.chars().count()).max().unwrap_or(0);
        let prefix = |(name, colour): (&str, &AnsiColor)| {
            let style = Style::new().fg_color(Some((*colour).into()));
            format!("{style}{name:width$} |{style:#}")
        };
        Self(names.zip(COLOURS.iter().cycle()).map(prefix).collect())
    }

    /// The prefix of the party at this place. Coloured: the stream has to remove that where it is not wanted.
    pub(super) fn of(&self, party: usize) -> &str {
        self.0.get(party).map_or("", String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn names_are_aligned() {
        let names = ["Hospital", "Lab", "Ärztin"];
        let prefixes = Prefixes::new(names.into_iter());
        assert_eq!([0, 1, 2].map(|party| plain(prefixes.of(party))), ["Hospital |", "Lab      |", "Ärztin   |"]);
    }

    #[test]
    fn neighbours_have_different_colours_and_colours_do_not_run_out() {
        let prefixes = Prefixes::new(std::iter::repeat_n("x", 20));
        assert!((1..20).all(|party| prefixes.of(party) != prefixes.of(party - 1)));
        assert_eq!(prefixes.of(20), "");
    }
}
