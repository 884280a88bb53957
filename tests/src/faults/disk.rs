//! A disk of the harness's own, in memory, to be filled and freed: mounting it needs root (CAP_SYS_ADMIN).

use std::path::{Path, PathBuf};
use std::process::Command;

/// A disk, mounted on a folder until this is dropped.
pub struct Disk {
    folder: PathBuf,
}

impl Disk {
    /// Mounts one on a folder, which it makes.
    ///
    /// # Errors
    /// Why that cannot be here, and how to do without.
    pub fn mount(folder: &Path) -> Result<Self, String> {
        std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        // it takes of the memory what is written to it, not more
        let mounted = run("mount", &["-t", "tmpfs", "-o", "size=50%,mode=755", "callshop-disk"], folder);
        mounted.map_err(|why| {
            format!("a disk that can be full has to be mounted, which needs root: {why}. Run as root, or leave disk-full out")
        })?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// Whether one can be mounted here.
    ///
    /// # Errors
    /// Why not.
    pub fn can_be() -> Result<(), String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        Self::mount(&folder.path().join("disk")).map(drop)
    }

    /// Leaves no room: makes it as large as what is on it.
    ///
    /// # Panics
    /// When that does not come about, because somebody writes faster than it is looked at.
    pub fn fill(&self) {
        let mut said = String::new();
        for _ in 0..100 {
            let used = run("df", &["-k", "--output=used"], &self.folder).expect("df");
            let used = used.lines().last().map(str::trim).unwrap_or_default();
            match self.resize(&format!("{used}k")) {
                Ok(()) => return,
                // what was written since then does not fit
                Err(why) => said = why,
            }
        }
        panic!("{} is not full: {said}", self.folder.display());
    }

    /// There is room again.
    ///
    /// # Panics
    /// When the kernel does not want it.
    pub fn free(&self) {
        self.resize("50%").expect("the disk grows");
    }

    fn resize(&self, size: &str) -> Result<(), String> {
        run("mount", &["-o", &format!("remount,size={size}")], &self.folder).map(drop)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // lazily: who still has a file open there is about to end
        if let Err(why) = run("umount", &["-l"], &self.folder) {
            eprintln!("{} stays mounted: {why}", self.folder.display());
        }
    }
}

fn run(program: &str, arguments: &[&str], folder: &Path) -> Result<String, String> {
    let done = Command::new(program).args(arguments).arg(folder).output();
    let done = done.map_err(|error| format!("{program}: {error}"))?;
    if !done.status.success() {
        return Err(String::from_utf8_lossy(&done.stderr).trim().to_owned());
    }
    Ok(String::from_utf8_lossy(&done.stdout).into_owned())
}
