//! Access to the SQLite file and its companion files (`-wal`, `-shm`, `-journal`). Only the owner of these files may read them, because they
//! contain the token-signing key, the phones' HA1 and the password hashes.

use std::fs::{OpenOptions, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use sea_orm::sqlx::sqlite::SqliteConnectOptions;

use super::StoreOptions;
use base::error::{Error, Result};

/// The bits of a file's mode that grant access to group and others.
const OTHERS: u32 = 0o077;

/// Creates the file if it does not exist; otherwise, limits access to the file and its companions to the owner. SQLite creates new companions with
/// the file's mode. For a URL with `mode=rw`, does not create the file; for a URL with `mode=ro`, does nothing.
///
/// # Errors
/// Fails if the file cannot be created, or if it is accessible to other users and its mode cannot be changed.
pub(super) fn close_to_others(options: &StoreOptions) -> Result<()> {
    let Some(path) = path(&options.url) else { return Ok(()) };
    let parameters = options.url.split_once('?').map_or("", |(_, parameters)| parameters);
    let has = |mode| parameters.split('&').any(|parameter| parameter == mode);
    if has("mode=ro") {
        return Ok(());
    }
    if !has("mode=rw")
        && let Err(error) = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&path)
        && error.kind() != ErrorKind::AlreadyExists
    {
        return Err(Error::fault(format!("cannot create the database file {}: {error}", path.display())));
    }
    for (file, mode) in open_to_others(&path) {
        let closed = std::fs::set_permissions(&file, Permissions::from_mode(mode & !OTHERS));
        closed.map_err(|error| {
            let file = file.display();
            Error::fault(format!(
                "{file} contains secrets, but its mode {mode:o} gives other users access and cannot be changed: {error}. As the owner, run: chmod 600 {file}"
            ))
        })?;
        tracing::warn!(file = %file.display(), "the database file was accessible to other users; it is now restricted to its owner");
    }
    Ok(())
}

/// Checks the database file and its companions, and returns those that users other than the owner can access, each with its mode.
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

/// The path of the SQLite file in a database URL; `None` for PostgreSQL and in-memory databases.
pub fn path(url: &str) -> Option<PathBuf> {
    if !url.starts_with("sqlite:") || url.contains(":memory:") || url.contains("mode=memory") {
        return None;
    }
    SqliteConnectOptions::from_str(url).ok().map(|options| options.get_filename().to_owned())
}
