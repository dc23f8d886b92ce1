//! Edge lists and people's attributes into a network.

use std::collections::BTreeMap;

use nigh_graph::{Csr, Edge, Ids};
use nigh_store::Person;

use super::write::MAX_PEOPLE;
use super::{Network, NetworkError, PeopleError, files};
use crate::edges::EdgeList;
use crate::people_table::PeopleTable;

/// What an import added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct ImportedPeople {
    /// People who came.
    pub people: usize,
    /// Friendships that were not there.
    pub edges: usize,
    /// People whose attributes were set.
    pub with_attributes: usize,
}

/// Adds the friendships of edge lists and the attributes of a table to a network, all or none, durable when this returns.
/// People who only the table names come too. A friendship that is there takes the time and weight of the list, and a person the
/// attributes of the table.
///
/// # Errors
/// [`NetworkError`]. All or nothing is in the store then; the network is to be opened again.
pub fn import_people(
    network: &mut Network,
    list: &EdgeList,
    table: Option<&PeopleTable>,
) -> Result<ImportedPeople, NetworkError> {
    let mut numbering = Numbering::of(network);
    let numbers: Vec<u32> = (0..list.ids.len() as u32)
        .map(|node| numbering.number(network, &list.ids.get(node)))
        .collect();
    let (people, with_attributes) = attributes(network, table, &mut numbering)?;
    if numbering.ids.len() >= MAX_PEOPLE as usize {
        return Err(PeopleError::TooMany { limit: MAX_PEOPLE }.into());
    }
    let csr = merged(network, list, &numbers, numbering.ids.len())?;
    let edges = csr.edges() - network.graph.edges() as usize;
    let came = numbering.ids.len() - network.people.len();
    let commit = network.store.fold(people.into_iter(), csr.iter_edges())?;
    files::publish(&network.dir, &csr, &numbering.ids, commit.last)?;
    network.reload()?;
    Ok(ImportedPeople {
        people: came,
        edges,
        with_attributes,
    })
}

/// Numbers for ids, the network's first and then in the order in which they are asked for.
struct Numbering {
    ids: Ids,
    new: std::collections::HashMap<String, u32>,
}

impl Numbering {
    fn of(network: &Network) -> Numbering {
        let mut ids = Ids::Integers(Vec::new());
        for number in 0..network.people.len() as u32 {
            ids.push(&network.people.id(number));
        }
        let new = std::collections::HashMap::new();
        Numbering { ids, new }
    }

    fn number(&mut self, network: &Network, id: &str) -> u32 {
        let known = network
            .people
            .find(id)
            .or_else(|| self.new.get(id).copied());
        known.unwrap_or_else(|| {
            let number = self.ids.len() as u32;
            self.ids.push(id);
            self.new.insert(id.to_owned(), number);
            number
        })
    }
}

type NewPeople = BTreeMap<u32, Person>;

/// The records to write: everybody who came, and everybody in the table.
fn attributes(
    network: &Network,
    table: Option<&PeopleTable>,
    numbering: &mut Numbering,
) -> Result<(NewPeople, usize), NetworkError> {
    let mut people = NewPeople::new();
    let rows = table.map_or(&[][..], |table| &table.rows);
    for row in rows {
        let number = numbering.number(network, &row.id);
        let (id, attributes) = (row.id.clone(), row.attributes.clone());
        people.insert(number, Person { id, attributes });
    }
    for number in network.people.len() as u32..numbering.ids.len() as u32 {
        people.entry(number).or_insert_with(|| Person {
            id: numbering.ids.get(number).into_owned(),
            ..Person::default()
        });
    }
    Ok((people, rows.len()))
}

fn merged(
    network: &Network,
    list: &EdgeList,
    numbers: &[u32],
    people: usize,
) -> Result<Csr, NetworkError> {
    let renumbered = list.edges.iter().map(|edge| Edge {
        a: numbers[edge.a as usize],
        b: numbers[edge.b as usize],
        ..*edge
    });
    Ok(match network.graph.edges() {
        0 => Csr::from_edges(people, &renumbered.collect::<Vec<_>>()),
        _ => {
            let mut edges: Vec<Edge> = network.checked_csr()?.iter_edges().collect();
            edges.extend(renumbered);
            Csr::from_edges(people, &edges)
        }
    })
}
