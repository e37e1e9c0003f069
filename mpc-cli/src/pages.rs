//! `mpc completions` and `mpc man`: what a package of this command installs beside it.

use std::{fs, io::Write, path::PathBuf};

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::{Cli, error::CliError};

/// Print a script that completes this command in a shell
///
/// For bash: mpc completions bash > /etc/bash_completion.d/mpc. For zsh, a file named _mpc in a folder of $fpath. For fish,
/// ~/.config/fish/completions/mpc.fish.
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// Which shell
    shell: Shell,
}

/// Write manual pages, one for each command
#[derive(Debug, Args)]
pub(crate) struct Man {
    /// The folder for them, such as /usr/local/share/man/man1
    folder: PathBuf,
}

impl Completions {
    /// Prints it.
    pub(crate) fn run(self) -> Result<(), CliError> {
        let mut text = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "mpc", &mut text);
        anstream::stdout().write_all(&text).map_err(CliError::Print)
    }
}

impl Man {
    /// Writes them.
    pub(crate) fn run(self) -> Result<(), CliError> {
        let written =
            fs::create_dir_all(&self.folder).and_then(|()| clap_mangen::generate_to(Cli::command(), &self.folder));
        written.map_err(|source| CliError::Pages { folder: self.folder, source })
    }
}
