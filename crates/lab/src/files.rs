//! How does a file appear whole or not at all?

use std::io::{self, Write};
use std::path::Path;

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
    replace(path, bytes, false).map_err(|source| Error::Write { path: path.to_owned(), source })
}

/// As [`write_whole`], and waits until the disk has it: after a loss of power, too, `path` holds
/// all the old bytes or all the new ones, and the new ones once this function has returned.
///
/// # Errors
/// [`Error::Write`] if the folder is missing, not writable or full. What stood at `path` stays.
pub fn write_durably(path: impl AsRef<Path>, bytes: &[u8]) -> Result<(), Error> {
    let path = path.as_ref();
    replace(path, bytes, true).map_err(|source| Error::Write { path: path.to_owned(), source })
}

/// How temporary files are called, until they are whole. Those of a program that was killed stay.
pub(crate) const UNFINISHED: &str = ".unfinished-";

fn replace(path: &Path, bytes: &[u8], durably: bool) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(UNFINISHED);
    // Temporary files are private by default; a figure is as readable as any other new file.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(bytes)?;
    if durably {
        // Before the rename, or the name could reach the disk before the bytes.
        file.as_file().sync_all()?;
    }
    file.persist(path)?;
    // The new name is an entry of the folder. Only on Unix can a folder be opened and waited for.
    #[cfg(unix)]
    if durably {
        std::fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
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
