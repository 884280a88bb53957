//! A disk in memory that the harness can fill and free. Mounting the disk requires root (CAP_SYS_ADMIN).

use std::path::{Path, PathBuf};
use std::process::Command;

/// A disk that is mounted on a folder until this value is dropped.
pub struct Disk {
    folder: PathBuf,
}

impl Disk {
    /// Creates a folder and mounts a disk on it.
    ///
    /// # Errors
    /// The error says why this machine cannot mount the disk, and how to run without the disk.
    pub fn mount(folder: &Path) -> Result<Self, String> {
        std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        // a tmpfs uses only as much memory as is written to it
        let mounted = run("mount", &["-t", "tmpfs", "-o", "size=50%,mode=755", "callshop-disk"], folder);
        mounted.map_err(|why| {
            format!("only root can mount the disk that disk-full fills: {why}. Run as root, or leave disk-full out")
        })?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// Checks whether this machine can mount a disk.
    ///
    /// # Errors
    /// The error says why this machine cannot mount a disk.
    pub fn can_be() -> Result<(), String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        Self::mount(&folder.path().join("disk")).map(drop)
    }

    /// Fills the disk by shrinking it to the size of its contents.
    ///
    /// # Panics
    /// Panics if files grow faster than the disk shrinks.
    pub fn fill(&self) {
        let mut said = String::new();
        for _ in 0..100 {
            let used = run("df", &["-k", "--output=used"], &self.folder).expect("df");
            let used = used.lines().last().map(str::trim).unwrap_or_default();
            match self.resize(&format!("{used}k")) {
                Ok(()) => return,
                // shrinking fails if files have grown since their size was measured
                Err(why) => said = why,
            }
        }
        panic!("{} is not full: {said}", self.folder.display());
    }

    /// Frees space again.
    ///
    /// # Panics
    /// Panics if the kernel refuses.
    pub fn free(&self) {
        self.resize("50%").expect("the disk grows");
    }

    fn resize(&self, size: &str) -> Result<(), String> {
        run("mount", &["-o", &format!("remount,size={size}")], &self.folder).map(drop)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // this is a lazy unmount, because processes with open files may still be ending
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
