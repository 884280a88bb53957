//! The SQLite file and its companions: nobody but their owner may read them. The key that signs tokens is in there, and so are the
//! phones' HA1 and the password hashes.

use std::fs::{OpenOptions, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use sea_orm::sqlx::sqlite::SqliteConnectOptions;

use super::StoreOptions;
use base::error::{Error, Result};

/// What others may do with a file: these bits of its mode.
const OTHERS: u32 = 0o077;

/// Makes the file of a first start, and closes an old one, its companions included, to everybody but their owner. SQLite then makes
/// new companions with the mode of the file. A URL that only opens what is there (`mode=ro`, `mode=rw`) changes nothing.
///
/// # Errors
/// When the file cannot be made, or is open to others and not ours to close.
pub(super) fn close_to_others(options: &StoreOptions) -> Result<()> {
    let Some(path) = path(&options.url) else { return Ok(()) };
    let parameters = options.url.split_once('?').map_or("", |(_, parameters)| parameters);
    if parameters.split('&').any(|parameter| matches!(parameter, "mode=ro" | "mode=rw")) {
        return Ok(());
    }
    match OpenOptions::new().create_new(true).write(true).mode(0o600).open(&path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            return Err(Error::fault(format!("{} cannot be made: {error}", path.display())));
        }
        _ => {}
    }
    for (file, mode) in open_to_others(&path) {
        let closed = std::fs::set_permissions(&file, Permissions::from_mode(mode & !OTHERS));
        closed.map_err(|error| {
            let file = file.display();
            Error::fault(format!(
                "{file} holds secrets and has mode {mode:o}, which cannot be changed: {error}. As its owner run: chmod 600 {file}"
            ))
        })?;
        tracing::warn!(file = %file.display(), "the database's file was open to others: it is its owner's alone now");
    }
    Ok(())
}

/// The file and those of its companions that somebody else than their owner may use, each with its mode.
pub fn open_to_others(path: &Path) -> Vec<(PathBuf, u32)> {
    let companion = |ending: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        PathBuf::from(name)
    };
    let files = ["", "-wal", "-shm", "-journal"].map(companion);
    let modes = files.into_iter().filter_map(|file| {
        let mode = std::fs::metadata(&file).ok()?.permissions().mode() & 0o7777;
        Some((file, mode))
    });
    modes.filter(|(_, mode)| mode & OTHERS != 0).collect()
}

/// The file that a database's address names; none for PostgreSQL and for databases in memory.
pub fn path(url: &str) -> Option<PathBuf> {
    if !url.starts_with("sqlite:") || url.contains(":memory:") || url.contains("mode=memory") {
        return None;
    }
    SqliteConnectOptions::from_str(url).ok().map(|options| options.get_filename().to_owned())
}
