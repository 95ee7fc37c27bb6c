//! Where do the files of a run go, and can they be written at all?

use std::fs;
use std::path::{Path, PathBuf};

use crate::Error;
use crate::files::UNFINISHED;

/// The folder of a run's output: it exists, and files can be created in it.
///
/// Made before the training starts, so that a mistyped folder costs a second and not the run.
#[derive(Clone, Debug)]
pub struct RunFolder {
    path: PathBuf,
}

impl RunFolder {
    /// Creates the folder with its parents, or takes an existing one as it is, and creates and
    /// deletes a file in it.
    ///
    /// # Errors
    /// [`Error::FileInTheWay`], [`Error::CreateFolder`] or [`Error::FolderNotWritable`].
    pub fn create(path: impl Into<PathBuf>) -> Result<RunFolder, Error> {
        let folder = path.into();
        if let Some(file) = folder.ancestors().find(|place| place.exists() && !place.is_dir()) {
            return Err(Error::FileInTheWay { file: file.to_owned(), folder });
        }
        if let Err(source) = fs::create_dir_all(&folder) {
            return Err(Error::CreateFolder { folder, source });
        }
        // Permission bits do not tell: the superuser passes them, a read-only disk does not.
        match tempfile::NamedTempFile::new_in(&folder) {
            Ok(_) => Ok(RunFolder { path: folder }),
            Err(source) => Err(Error::FolderNotWritable { folder, source }),
        }
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The files that are called `prefix`, a number, `suffix`, by increasing number.
    ///
    /// # Errors
    /// [`Error::Read`] if the folder cannot be read.
    pub fn numbered(&self, prefix: &str, suffix: &str) -> Result<Vec<(u64, PathBuf)>, Error> {
        let number = |name: &str| name.strip_prefix(prefix)?.strip_suffix(suffix)?.parse().ok();
        let files = self.files()?.into_iter();
        let mut found: Vec<_> =
            files.filter_map(|(name, path)| Some((number(&name)?, path))).collect();
        found.sort();
        Ok(found)
    }

    /// Deletes the files of an earlier run that are called `prefix`, a number, `suffix`.
    ///
    /// # Errors
    /// [`Error::Write`] if one of them cannot be deleted.
    pub fn remove_numbered(&self, prefix: &str, suffix: &str) -> Result<(), Error> {
        self.numbered(prefix, suffix)?.into_iter().try_for_each(|(_, path)| remove(path))
    }

    /// Deletes the file of this name that an earlier run has left, if it has.
    ///
    /// # Errors
    /// [`Error::Write`] if it cannot be deleted.
    pub fn remove(&self, name: &str) -> Result<(), Error> {
        let path = self.file(name);
        if path.exists() { remove(path) } else { Ok(()) }
    }

    /// Deletes what a program that was killed while it wrote has left unfinished.
    ///
    /// # Errors
    /// [`Error::Write`] if a file cannot be deleted.
    pub fn remove_unfinished(&self) -> Result<(), Error> {
        let files = self.files()?.into_iter();
        files.filter(|(name, _)| name.starts_with(UNFINISHED)).try_for_each(|(_, p)| remove(p))
    }

    /// The names and paths of everything in the folder.
    fn files(&self) -> Result<Vec<(String, PathBuf)>, Error> {
        let failed = |source| Error::Read { path: self.path.clone(), source };
        let name = |path: PathBuf| Some((path.file_name()?.to_str()?.to_owned(), path));
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(failed)? {
            files.extend(name(entry.map_err(failed)?.path()));
        }
        Ok(files)
    }

    /// The path of a file in the folder.
    pub fn file(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path.join(name)
    }
}

/// Deletes a file of an earlier run.
pub(crate) fn remove(path: PathBuf) -> Result<(), Error> {
    fs::remove_file(&path).map_err(|source| Error::Write { path, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_created_with_its_parents_and_left_empty() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("out/gaussian");
        let run = RunFolder::create(&path).unwrap();
        assert_eq!(fs::read_dir(run.path()).unwrap().count(), 0);
        assert_eq!(run.file("a.svg"), path.join("a.svg"));
    }

    #[test]
    fn an_existing_folder_keeps_its_files() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("old"), "x").unwrap();
        RunFolder::create(root.path()).unwrap();
        assert!(root.path().join("old").exists());
    }

    #[test]
    fn numbered_files_are_removed_and_no_others() {
        let root = tempfile::tempdir().unwrap();
        for name in ["epoch-00.svg", "epoch-117.svg", "epoch-x.svg", "final.svg"] {
            fs::write(root.path().join(name), "x").unwrap();
        }
        RunFolder::create(root.path()).unwrap().remove_numbered("epoch-", ".svg").unwrap();
        let mut left: Vec<_> =
            fs::read_dir(root.path()).unwrap().map(|f| f.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["epoch-x.svg", "final.svg"]);
    }

    #[test]
    fn what_was_left_unfinished_is_removed_and_numbers_are_in_order() {
        let root = tempfile::tempdir().unwrap();
        for name in [".unfinished-ab12", "a-010.png", "a-9.png", "a-x.png", ".hidden"] {
            fs::write(root.path().join(name), "x").unwrap();
        }
        let run = RunFolder::create(root.path()).unwrap();
        run.remove_unfinished().unwrap();
        assert_eq!(fs::read_dir(run.path()).unwrap().count(), 4);
        let numbered = run.numbered("a-", ".png").unwrap();
        assert_eq!(numbered, [(9, run.file("a-9.png")), (10, run.file("a-010.png"))]);
    }

    #[test]
    fn a_file_in_the_way_is_named() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("notes.txt");
        fs::write(&file, "x").unwrap();
        for folder in [file.clone(), file.join("deep/er")] {
            let error = RunFolder::create(&folder).unwrap_err();
            assert!(matches!(&error, Error::FileInTheWay { file: f, .. } if *f == file));
            assert!(error.to_string().contains("notes.txt is a file"), "{error}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_place_that_takes_no_folder_or_no_file_is_named() {
        let error = RunFolder::create("/proc/adversaria").unwrap_err();
        assert!(matches!(error, Error::CreateFolder { .. }), "{error}");
        let error = RunFolder::create("/proc/self").unwrap_err();
        assert!(matches!(error, Error::FolderNotWritable { .. }), "{error}");
        assert!(error.to_string().contains("/proc/self"), "{error}");
    }
}
