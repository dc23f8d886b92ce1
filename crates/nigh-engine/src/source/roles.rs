//! Which column is the id, which hold pictures, which are attributes.

use nigh_store::AttributeType;

use super::error::similar;
use super::parquet_table::Declared;
use super::profile::{Profile, Profiles};
use super::table::Table;
use super::{Holds, PlanError, SourceOptions};

/// The roles by column number.
#[derive(Debug)]
pub(super) struct Roles {
    pub(super) id: Id,
    pub(super) images: Vec<Image>,
    pub(super) attributes: Vec<(usize, AttributeType)>,
    pub(super) left_out: Vec<(usize, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Id {
    Column(usize),
    StemOf(usize),
    Stem,
    RowNumber,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Image {
    pub(super) column: usize,
    pub(super) holds: Holds,
}

/// Names of id columns, lower case without punctuation, most telling first.
const ID_NAMES: [&str; 14] = [
    "id",
    "itemid",
    "productid",
    "articleid",
    "sku",
    "imageid",
    "imgid",
    "uid",
    "uuid",
    "asin",
    "gtin",
    "ean",
    "code",
    "key",
];

/// Names of picture columns, most telling first.
const IMAGE_NAMES: [&str; 20] = [
    "image",
    "img",
    "picture",
    "photo",
    "pic",
    "imagepath",
    "imgpath",
    "imagefile",
    "imagefilename",
    "filepath",
    "path",
    "filename",
    "file",
    "images",
    "pictures",
    "photos",
    "imageurl",
    "imgurl",
    "url",
    "link",
];

/// Whether a column of this name is expected to hold pictures.
pub(super) fn is_picture_name(name: &str) -> bool {
    rank(name, &IMAGE_NAMES).is_some()
}

/// The roles in a table that stands by itself.
pub(super) fn of_table(
    table: &Table,
    profiles: &Profiles,
    options: &SourceOptions,
) -> Result<Roles, PlanError> {
    let chooser = Chooser::new(table, profiles, options)?;
    let images = match chooser.images.clone() {
        given if given.is_empty() => chooser.guess_images(),
        given => given,
    };
    if images.is_empty() {
        return Err(PlanError::NoImageColumn {
            table: table.path.clone(),
            columns: chooser.described_columns(),
        });
    }
    let id = chooser.id.map(Id::Column);
    let id = id.unwrap_or_else(|| chooser.guess_id(&images));
    Ok(chooser.finish(id, images))
}

/// The roles in a table that is joined to a folder of pictures: by the column whose values name
/// most of them, as ids or as files.
pub(super) fn of_joined(
    table: &Table,
    profiles: &Profiles,
    options: &SourceOptions,
) -> Result<Roles, PlanError> {
    let chooser = Chooser::new(table, profiles, options)?;
    let keyed = chooser.best(|profile| profile.keyed.len());
    let named = chooser.best(|profile| profile.named.len());
    let keyed_by = |column: usize| profiles.columns[column].keyed.len();
    let named_most = named.filter(|&(_, count)| keyed.is_none_or(|(_, other)| count > other));
    let by_name = |column: usize| {
        let holds = Holds::Paths;
        vec![Image { column, holds }]
    };
    let images = match (chooser.images.clone(), chooser.id) {
        (given, _) if !given.is_empty() => given,
        (_, Some(id)) if keyed_by(id) > 0 => Vec::new(),
        (_, Some(_)) => named.map_or_else(Vec::new, |(column, _)| by_name(column)),
        (_, None) => match (named_most, keyed) {
            (Some((column, _)), _) => by_name(column),
            (None, Some(_)) => Vec::new(),
            (None, None) => chooser.guess_images(),
        },
    };
    let id = match (chooser.id, keyed) {
        (Some(id), _) => Id::Column(id),
        (None, Some((column, _))) if images.iter().all(|image| image.column != column) => {
            Id::Column(column)
        }
        _ => chooser.guess_id(&images),
    };
    Ok(chooser.finish(id, images))
}

struct Chooser<'p> {
    profiles: &'p [Profile],
    id: Option<usize>,
    images: Vec<Image>,
    kept: Option<Vec<usize>>,
}

impl<'p> Chooser<'p> {
    fn new(
        table: &Table,
        profiles: &'p Profiles,
        options: &SourceOptions,
    ) -> Result<Self, PlanError> {
        let find = |name: &String, option| find(table, name, option);
        let id = options.id.as_ref().map(|name| find(name, "--id"));
        let images = options.image.iter().map(|name| find(name, "--image"));
        let kept = options.columns.as_ref().map(|names| {
            let columns = names.iter().map(|name| find(name, "--columns"));
            columns.collect::<Result<Vec<usize>, PlanError>>()
        });
        let mut chooser = Self {
            profiles: &profiles.columns,
            id: id.transpose()?,
            images: Vec::new(),
            kept: kept.transpose()?,
        };
        let images = images.collect::<Result<Vec<usize>, PlanError>>()?;
        chooser.images = images.into_iter().map(|c| chooser.image(c)).collect();
        Ok(chooser)
    }

    fn image(&self, column: usize) -> Image {
        let holds = match self.profiles[column].holds_bytes() {
            true => Holds::Bytes,
            false => Holds::Paths,
        };
        Image { column, holds }
    }

    fn columns(&self, test: impl Fn(&Profile) -> bool) -> Vec<usize> {
        let columns = self.profiles.iter().enumerate();
        let fit = columns.filter(|(_, profile)| test(profile));
        fit.map(|(column, _)| column).collect()
    }

    /// The column that matches most, one with an id's name preferred when it matches half as
    /// much, and how much it matches.
    fn best(&self, matches: impl Fn(&Profile) -> usize) -> Option<(usize, usize)> {
        let counts: Vec<usize> = self.profiles.iter().map(&matches).collect();
        let most = counts.iter().copied().max().filter(|&most| most > 0)?;
        let good = self.columns(|profile| matches(profile) * 2 >= most);
        let named = first_named(self.profiles, &good, &ID_NAMES);
        let column = named.or_else(|| counts.iter().position(|&count| count == most))?;
        Some((column, counts[column]))
    }

    /// Columns with bytes that begin as pictures do; else with bytes under a picture's name, or
    /// the only one with bytes; else those with paths.
    fn guess_images(&self) -> Vec<Image> {
        let pictures = self.columns(|profile| profile.pictures > 0);
        let bytes = self.columns(Profile::holds_bytes);
        let columns = if !pictures.is_empty() {
            pictures
        } else if let Some(named) = first_named(self.profiles, &bytes, &IMAGE_NAMES) {
            vec![named]
        } else if let [only] = bytes[..] {
            vec![only]
        } else {
            self.guess_path_columns()
        };
        columns
            .into_iter()
            .map(|column| self.image(column))
            .collect()
    }

    /// The column with a picture's name and those numbered after it (`image`, `image_2`); else
    /// all columns whose values are paths (`front`, `side`, `detail`).
    fn guess_path_columns(&self) -> Vec<usize> {
        let paths = self.columns(Profile::holds_paths);
        let local = |profile: &Profile| profile.holds_paths() && profile.urls * 2 < profile.values;
        let local = self.columns(local);
        let urls = self.columns(|profile| profile.urls > 0 && is_picture_name(&profile.name));
        let named = |columns: &[usize]| first_named(self.profiles, columns, &IMAGE_NAMES);
        if let Some(first) = named(&local) {
            let series = |&column: &usize| column == first || self.is_numbered(column, first);
            return local.iter().copied().filter(series).collect();
        }
        if !local.is_empty() {
            return local;
        }
        let other = named(&paths).or(paths.first().copied()).or(named(&urls));
        other.into_iter().collect()
    }

    fn is_numbered(&self, column: usize, first: usize) -> bool {
        let (name, first) = (&self.profiles[column].name, &self.profiles[first].name);
        let number = name
            .strip_prefix(first.as_str())
            .and_then(|rest| rest.strip_prefix('_'));
        number.is_some_and(|number| number.parse::<u32>().is_ok())
    }

    /// A column with an id's name whose values mostly differ; else the files' stems, where they
    /// mostly differ; else row numbers.
    fn guess_id(&self, images: &[Image]) -> Id {
        let is_image = |column: usize| images.iter().any(|image| image.column == column);
        let differ = |profile: &Profile| profile.distinct_share() >= 0.5;
        let mut fit = self.columns(differ);
        fit.retain(|&column| !is_image(column) && !self.profiles[column].holds_paths());
        let named = first_named(self.profiles, &fit, &ID_NAMES);
        if let Some(column) = named.or_else(|| fit.iter().copied().find(|&c| self.ends_in_id(c))) {
            return Id::Column(column);
        }
        let stems = self.columns(|profile| differ(profile) && profile.holds_paths());
        let file = stems.into_iter().find(|&column| !is_image(column));
        match images.first() {
            Some(image) if image.holds == Holds::Paths => Id::Stem,
            Some(image) if differ(&self.profiles[image.column]) => Id::Stem,
            _ => file.map_or(Id::RowNumber, Id::StemOf),
        }
    }

    fn ends_in_id(&self, column: usize) -> bool {
        let name = &self.profiles[column].name;
        ["_id", "-id", " id", "Id", "ID"]
            .iter()
            .any(|end| name.ends_with(end))
    }

    fn finish(self, id: Id, images: Vec<Image>) -> Roles {
        let mut roles = Roles {
            id,
            images,
            attributes: Vec::new(),
            left_out: Vec::new(),
        };
        for (column, profile) in self.profiles.iter().enumerate() {
            self.place(column, profile, &mut roles);
        }
        roles
    }

    fn place(&self, column: usize, profile: &Profile, roles: &mut Roles) {
        let chosen = self.kept.as_ref().map(|kept| kept.contains(&column));
        let is_image = roles.images.iter().any(|image| image.column == column);
        let is_id = roles.id == Id::Column(column) && chosen.is_none();
        if is_image || is_id || chosen == Some(false) {
            return;
        }
        match &profile.declared {
            Some(Declared::Bytes) => {
                let reason = "holds bytes, and is not among the image columns";
                roles.left_out.push((column, reason.to_owned()));
            }
            Some(Declared::Unsupported(kind)) => {
                let reason = format!("is of type {kind}, which no attribute has");
                roles.left_out.push((column, reason));
            }
            _ => roles.attributes.push((column, profile.kind())),
        }
    }

    fn described_columns(&self) -> Vec<String> {
        let columns = self.profiles.iter();
        let described = columns.map(|profile| match &profile.declared {
            Some(Declared::Bytes) => format!("{} bytes", profile.name),
            Some(Declared::Unsupported(kind)) => format!("{} {kind}", profile.name),
            _ => format!("{} {}", profile.name, profile.kind()),
        });
        described.collect()
    }
}

fn find(table: &Table, name: &str, option: &'static str) -> Result<usize, PlanError> {
    table.column(name).ok_or_else(|| PlanError::UnknownColumn {
        table: table.path.clone(),
        option,
        column: name.to_owned(),
        near: similar(name, &table.columns),
        columns: table.columns.clone(),
    })
}

/// The column with the most telling name.
fn first_named(profiles: &[Profile], columns: &[usize], names: &[&str]) -> Option<usize> {
    let ranked = columns.iter().filter_map(|&column| {
        let rank = rank(&profiles[column].name, names)?;
        Some((rank, column))
    });
    ranked.min().map(|(_, column)| column)
}

fn rank(name: &str, names: &[&str]) -> Option<usize> {
    let letters = name.chars().filter(|letter| letter.is_alphanumeric());
    let plain: String = letters.flat_map(char::to_lowercase).collect();
    names.iter().position(|known| *known == plain)
}
