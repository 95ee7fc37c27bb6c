//! Where do the files of a run go, and can they be written at all?

use std::fs;
use std::path::{Path, PathBuf};

use crate::Error;

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

    /// Deletes the files of an earlier run that are called `prefix`, a number, `suffix`.
    ///
    /// # Errors
    /// [`Error::Write`] if one of them cannot be deleted.
    pub fn remove_numbered(&self, prefix: &str, suffix: &str) -> Result<(), Error> {
        let failed = |source| Error::Write { path: self.path.clone(), source };
        for entry in fs::read_dir(&self.path).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let number = name.strip_prefix(prefix).and_then(|rest| rest.strip_suffix(suffix));
            if number.is_some_and(|number| number.parse::<u64>().is_ok()) {
                fs::remove_file(&path).map_err(|source| Error::Write { path, source })?;
            }
        }
        Ok(())
    }

    /// The path of a file in the folder.
    pub fn file(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path.join(name)
    }
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
