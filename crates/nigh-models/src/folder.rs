use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::Manifest;

/// The folder in which a machine keeps its models; it need not exist.
///
/// A model's name is the path of its folder below this one, with `/`: `clip-vit-b32`, or
/// `owner/repo`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelsFolder {
    root: PathBuf,
}

/// A model that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Present {
    /// How it is called.
    pub name: String,
    /// Its folder, or its file.
    pub path: PathBuf,
    /// Bytes of all its files.
    pub bytes: u64,
    /// Where it came from; `None` for what was put there by hand.
    pub manifest: Option<Manifest>,
}

/// Why the folder of models cannot be used.
#[derive(Debug, Error)]
pub enum FolderError {
    /// Neither a variable nor a home folder says where it is.
    #[error("no home folder is known: set NIGH_MODELS to the folder that models are to be kept in")]
    NoHome,
    /// A name that no model can have.
    #[error(
        "{received:?} is no model's name: expected a path below the folder of models, with \"/\""
    )]
    Name {
        /// The name.
        received: String,
    },
    /// No model of this name is there.
    #[error("there is no model {name} in {}", root.display())]
    Absent {
        /// The name.
        name: String,
        /// The folder of models.
        root: PathBuf,
    },
    /// It was put there by hand, and only a hand should take it away.
    #[error("{} was not pulled (it has no nigh-model.json): delete it yourself", path.display())]
    NotPulled {
        /// Its folder or file.
        path: PathBuf,
    },
    /// It cannot be read or changed.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A manifest that is none.
    #[error("{}: {source}", path.display())]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// What the parser says.
        source: serde_json::Error,
    },
}

impl ModelsFolder {
    /// The folder at `root`.
    #[must_use]
    pub fn at(root: impl Into<PathBuf>) -> ModelsFolder {
        ModelsFolder { root: root.into() }
    }

    /// The folder that `NIGH_MODELS` names, or `nigh/models` where the platform keeps the data of
    /// programs: `$XDG_DATA_HOME` or `~/.local/share`, `~/Library/Application Support` on macOS,
    /// `%LOCALAPPDATA%` on Windows.
    ///
    /// # Errors
    /// [`FolderError::NoHome`] where the environment has none of these.
    pub fn from_env() -> Result<ModelsFolder, FolderError> {
        if let Some(root) = variable("NIGH_MODELS") {
            return Ok(ModelsFolder::at(root));
        }
        let data = data_folder().ok_or(FolderError::NoHome)?;
        Ok(ModelsFolder::at(data.join("nigh").join("models")))
    }

    /// Where it is.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where the model of a name is, or would be.
    ///
    /// # Errors
    /// [`FolderError::Name`] where the name is no path below this folder.
    pub fn path(&self, name: &str) -> Result<PathBuf, FolderError> {
        let part = |part: &str| {
            !part.is_empty() && !part.starts_with('.') && !part.contains(['\\', ':', '\0'])
        };
        match name.split('/').all(part) {
            true => Ok(self.root.join(name)),
            false => Err(FolderError::Name {
                received: name.to_owned(),
            }),
        }
    }

    /// The model of a name, where it is there: a folder, or a model file.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<PathBuf> {
        self.path(name).ok().filter(|path| path.exists())
    }

    /// Deletes the files of a model that was pulled, and says how many bytes that freed. What a
    /// person added to its folder stays, and with it the folder.
    ///
    /// # Errors
    /// [`FolderError::NotPulled`] for what a person put there; [`FolderError::Absent`].
    pub fn remove(&self, name: &str) -> Result<u64, FolderError> {
        let path = self.path(name)?;
        if !path.exists() {
            return Err(FolderError::Absent {
                name: name.to_owned(),
                root: self.root.clone(),
            });
        }
        let Some(manifest) = Manifest::read(&path)? else {
            return Err(FolderError::NotPulled { path });
        };
        let before = bytes(&path)?;
        for file in &manifest.files {
            remove_pulled(&path, &path.join(&file.path))?;
        }
        // The manifest last: until then the model can be removed again.
        remove_pulled(&path, &path.join(Manifest::FILE))?;
        let freed = before - bytes(&path).unwrap_or(0);
        // The owner's folder goes with its last model; it is not empty otherwise.
        if let Some(owner) = path.parent().filter(|owner| *owner != self.root) {
            let _ = fs::remove_dir(owner);
        }
        Ok(freed)
    }

    /// Every model that is there, by name.
    ///
    /// # Errors
    /// [`FolderError`] names what cannot be read.
    pub fn list(&self) -> Result<Vec<Present>, FolderError> {
        let mut found = Vec::new();
        self.collect(&self.root, 0, &mut found)?;
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    fn collect(
        &self,
        dir: &Path,
        depth: usize,
        found: &mut Vec<Present>,
    ) -> Result<(), FolderError> {
        for path in entries(dir)? {
            if hidden(&path) {
                continue;
            }
            if is_model(&path)? {
                found.push(self.present(path)?);
            } else if path.is_dir() && depth < DEEPEST {
                self.collect(&path, depth + 1, found)?;
            }
        }
        Ok(())
    }

    fn present(&self, path: PathBuf) -> Result<Present, FolderError> {
        let below = path.strip_prefix(&self.root).unwrap_or(&path);
        let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
        Ok(Present {
            name: parts.join("/"),
            bytes: bytes(&path)?,
            manifest: Manifest::read(&path)?,
            path,
        })
    }
}

impl Manifest {
    /// The manifest of a model's folder, where it has one.
    ///
    /// # Errors
    /// [`FolderError`] where it cannot be read.
    pub fn read(model: &Path) -> Result<Option<Manifest>, FolderError> {
        let path = model.join(Manifest::FILE);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if absent(&error) => return Ok(None),
            Err(source) => return Err(FolderError::Io { path, source }),
        };
        serde_json::from_str(&text)
            .map(Some)
            .map_err(|source| FolderError::Manifest { path, source })
    }
}

/// Folders below the root in which models are looked for: `owner/repo` is the deepest.
const DEEPEST: usize = 1;

fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}

fn data_folder() -> Option<PathBuf> {
    let home = std::env::home_dir;
    if cfg!(windows) {
        return variable("LOCALAPPDATA");
    }
    if cfg!(target_os = "macos") {
        return home().map(|home| home.join("Library/Application Support"));
    }
    // The specification of XDG base folders has relative ones ignored.
    variable("XDG_DATA_HOME")
        .filter(|path| path.is_absolute())
        .or_else(|| home().map(|home| home.join(".local/share")))
}

/// What a folder holds; an absent one holds nothing.
fn entries(dir: &Path) -> Result<Vec<PathBuf>, FolderError> {
    let error = |source| FolderError::Io {
        path: dir.to_owned(),
        source,
    };
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(problem) if absent(&problem) => return Ok(Vec::new()),
        Err(problem) => return Err(error(problem)),
    };
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    paths.collect::<Result<_, _>>().map_err(error)
}

fn absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

fn hidden(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

/// A model file, or a folder with a manifest or with a model file in it or in its `onnx`.
fn is_model(path: &Path) -> Result<bool, FolderError> {
    if !path.is_dir() {
        return Ok(is_onnx(path));
    }
    if path.join(Manifest::FILE).is_file() {
        return Ok(true);
    }
    let mut inside = entries(path)?;
    inside.extend(entries(&path.join("onnx"))?);
    Ok(inside.iter().any(|file| is_onnx(file)))
}

fn is_onnx(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("onnx"))
}

fn bytes(path: &Path) -> Result<u64, FolderError> {
    if path.is_dir() {
        return entries(path)?.iter().map(|path| bytes(path)).sum();
    }
    fs::metadata(path)
        .map(|metadata| metadata.len())
        .map_err(|source| FolderError::Io {
            path: path.to_owned(),
            source,
        })
}

/// Removes a file and the folders that it leaves empty, up to the model's own.
fn remove_pulled(model: &Path, file: &Path) -> Result<(), FolderError> {
    match fs::remove_file(file) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(source) => {
            let path = file.to_owned();
            return Err(FolderError::Io { path, source });
        }
    }
    let folders = file.ancestors().skip(1);
    for folder in folders.take_while(|folder| folder.starts_with(model)) {
        // One that is not empty stays.
        if fs::remove_dir(folder).is_err() {
            break;
        }
    }
    Ok(())
}
