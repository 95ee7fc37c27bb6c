//! How does a file appear whole or not at all?

#[cfg(unix)]
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use tempfile::NamedTempFile;

use crate::Error;

/// Writes a file in one step: its readers see all the old bytes or all the new ones.
///
/// The bytes go to a temporary file in the same folder, which then takes the name `path`. A crash
/// of the program at any moment leaves no half-written `path`; a loss of power may, since nothing
/// waits for the disk.
///
/// # Errors
/// [`Error::Write`] if the folder is missing, not writable or full. What stood at `path` stays.
pub fn write_whole(path: impl AsRef<Path>, bytes: &[u8]) -> Result<(), Error> {
    let path = path.as_ref();
    replace(&mut System, path, bytes, false)
        .map_err(|source| Error::Write { path: path.to_owned(), source })
}

/// As [`write_whole`], and waits until the disk has it: after a loss of power, too, `path` holds
/// all the old bytes or all the new ones, and the new ones once this function has returned.
///
/// # Errors
/// [`Error::Write`] if the folder is missing, not writable or full. What stood at `path` stays.
pub fn write_durably(path: impl AsRef<Path>, bytes: &[u8]) -> Result<(), Error> {
    let path = path.as_ref();
    replace(&mut System, path, bytes, true)
        .map_err(|source| Error::Write { path: path.to_owned(), source })
}

/// How temporary files are called, until they are whole. Those of a program that was killed stay.
pub(crate) const UNFINISHED: &str = ".unfinished-";

fn replace(disk: &mut impl Disk, path: &Path, bytes: &[u8], durably: bool) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let mut file = disk.create(folder)?;
    disk.write(&mut file, bytes)?;
    if durably {
        // Before the rename, or the name could reach the disk before the bytes.
        disk.sync(&mut file)?;
    }
    disk.rename(file, path)?;
    if durably {
        // The new name is an entry of the folder.
        disk.sync_folder(folder)?;
    }
    Ok(())
}

/// The calls by which a file appears. The tests make them on a disk that loses its power.
trait Disk {
    type File;
    /// A temporary file.
    fn create(&mut self, folder: &Path) -> io::Result<Self::File>;
    fn write(&mut self, file: &mut Self::File, bytes: &[u8]) -> io::Result<()>;
    /// Waits until the file's bytes are on the disk.
    fn sync(&mut self, file: &mut Self::File) -> io::Result<()>;
    /// Replaces what stands at `path`.
    fn rename(&mut self, file: Self::File, path: &Path) -> io::Result<()>;
    /// Waits until the names in the folder are on the disk.
    fn sync_folder(&mut self, folder: &Path) -> io::Result<()>;
}

/// The file system of the machine. A temporary file that is dropped before its rename is removed.
struct System;

impl Disk for System {
    type File = NamedTempFile;

    fn create(&mut self, folder: &Path) -> io::Result<NamedTempFile> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(UNFINISHED);
        // Temporary files are private by default; a figure is as readable as any other new file.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        // The error would name the temporary file, of which nobody has heard.
        builder.tempfile_in(folder).map_err(|why| match why.to_string().split_once(" at path ") {
            Some((what, _)) => io::Error::new(why.kind(), what),
            None => why,
        })
    }

    fn write(&mut self, file: &mut NamedTempFile, bytes: &[u8]) -> io::Result<()> {
        file.write_all(bytes)
    }

    fn sync(&mut self, file: &mut NamedTempFile) -> io::Result<()> {
        file.as_file().sync_all()
    }

    fn rename(&mut self, file: NamedTempFile, path: &Path) -> io::Result<()> {
        file.persist(path)?;
        Ok(())
    }

    #[cfg(unix)]
    fn sync_folder(&mut self, folder: &Path) -> io::Result<()> {
        File::open(folder)?.sync_all()
    }

    /// Only on Unix can a folder be opened and waited for.
    #[cfg(not(unix))]
    fn sync_folder(&mut self, _: &Path) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn what_is_written_is_read_and_nothing_else_remains() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        write_whole(&path, b"one").unwrap();
        write_whole(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        write_durably(&path, b"three").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"three");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    }

    /// What `what_stood_there_survives_a_full_disk` runs where files must stay small.
    #[test]
    #[ignore = "a part of another test, which runs it in a child process"]
    fn write_a_long_file() {
        let path = std::env::var("ADVERSARIA_PATH").unwrap();
        let why = write_durably(path, &[1; 100_000]).unwrap_err();
        println!("{why}: {}", std::error::Error::source(&why).unwrap());
    }

    /// A limit on the size of files stands in for a full disk, which would need a mount.
    #[cfg(target_os = "linux")]
    #[test]
    fn what_stood_there_survives_a_full_disk() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        write_durably(&path, b"old").unwrap();
        let test = std::env::current_exe().unwrap();
        // The signal is ignored, so that the write fails and the program lives on.
        let limited = "trap '' XFSZ; ulimit -f 8; exec \"$0\" \"$@\"";
        let child = std::process::Command::new("sh")
            .args(["-c", limited])
            .arg(test)
            .args(["--exact", "files::tests::write_a_long_file", "--ignored", "--nocapture"])
            .env("ADVERSARIA_PATH", &path)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&child.stdout);
        assert!(text.contains("cannot write") && text.contains("too large"), "{text}");
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    }

    #[test]
    fn a_failed_write_names_the_path_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        // A folder that is not empty cannot be replaced by a file.
        let path = folder.path().join("taken");
        fs::create_dir(&path).unwrap();
        fs::write(path.join("inside"), "x").unwrap();
        let error = write_whole(&path, b"one").unwrap_err();
        assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);

        let error = write_whole(folder.path().join("missing/a.txt"), b"one").unwrap_err();
        assert!(matches!(error, Error::Write { .. }), "{error}");
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(!cause.contains(UNFINISHED), "{cause}");
    }

    /// A disk whose power fails. Until a sync has waited for them, the end of a file's bytes may be
    /// lost and a new name too, either without the other.
    #[derive(Default)]
    struct Mortal {
        calls: usize,
        /// The call that fails, counted from 1.
        fails: usize,
        written: Vec<u8>,
        written_safely: usize,
        renamed: bool,
        renamed_safely: bool,
    }

    impl Mortal {
        fn call(&mut self) -> io::Result<()> {
            self.calls += 1;
            if self.calls == self.fails { Err(io::ErrorKind::Other.into()) } else { Ok(()) }
        }

        /// All that may stand at the path when the power is back.
        fn survivors(&self) -> Vec<&[u8]> {
            let mut survivors: Vec<&[u8]> = Vec::new();
            if !self.renamed_safely {
                survivors.push(b"old");
            }
            if self.renamed {
                let ends = self.written_safely..=self.written.len();
                survivors.extend(ends.map(|end| &self.written[..end]));
            }
            survivors
        }
    }

    impl Disk for Mortal {
        type File = ();

        fn create(&mut self, folder: &Path) -> io::Result<()> {
            assert_eq!(folder, Path::new("folder"), "a rename within a folder is one step");
            self.call()
        }

        fn write(&mut self, (): &mut (), bytes: &[u8]) -> io::Result<()> {
            self.call()?;
            self.written.extend(bytes);
            Ok(())
        }

        fn sync(&mut self, (): &mut ()) -> io::Result<()> {
            self.call()?;
            self.written_safely = self.written.len();
            Ok(())
        }

        fn rename(&mut self, (): (), path: &Path) -> io::Result<()> {
            assert_eq!(path, Path::new("folder/a.txt"));
            self.call()?;
            self.renamed = true;
            Ok(())
        }

        fn sync_folder(&mut self, folder: &Path) -> io::Result<()> {
            assert_eq!(folder, Path::new("folder"));
            self.call()?;
            self.renamed_safely = self.renamed;
            Ok(())
        }
    }

    /// Before each call, which fails, and after the last one, when the new bytes are there for good.
    #[test]
    fn a_loss_of_power_leaves_the_old_bytes_or_the_new_ones() {
        for fails in 1.. {
            let mut disk = Mortal { fails, ..Mortal::default() };
            let written = replace(&mut disk, Path::new("folder/a.txt"), b"new", true).is_ok();
            let survivors = disk.survivors();
            let are_whole = survivors.iter().all(|bytes| *bytes == b"old" || *bytes == b"new");
            assert!(are_whole, "call {fails} fails: {survivors:?}");
            if written {
                assert_eq!(survivors, [b"new"], "call {fails} of {} fails", disk.calls);
                break;
            }
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_written_file_is_as_readable_as_any_other() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (ours, plain) = (folder.path().join("ours"), folder.path().join("plain"));
        write_whole(&ours, b"").unwrap();
        fs::write(&plain, b"").unwrap();
        let mode = |path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&ours), mode(&plain));
    }
}
