//! Models of small graphs and a real one.

use super::*;

fn quick(graph: &Csr) -> LinkTraining {
    LinkTraining {
        ranker: RankerConfig {
            rounds: 20,
            ..RankerConfig::default()
        },
        embedder: few_steps(),
        hold_outs: 1,
        ..LinkTraining::for_graph(graph)
    }
}

fn few_steps() -> EmbedderConfig {
    let mut config = EmbedderConfig::default();
    (config.network.steps, config.network.links) = (40, 512);
    config
}

fn trained(graph: &Csr, config: &LinkTraining) -> Result<(LinkModel, LinkTables), String> {
    let progress = |_| ControlFlow::Continue(());
    train(graph, config, progress).map_err(|error| error.to_string())
}

fn train(
    graph: &Csr,
    config: &LinkTraining,
    progress: impl FnMut(LinkProgress) -> ControlFlow<()>,
) -> Result<(LinkModel, LinkTables), LinkError> {
    let people = Profiles::default();
    let looks = |_: &_, _| ControlFlow::Continue(());
    let embedder = config.embedder(graph, &people, None, looks)?;
    LinkModel::train(graph, &people, embedder, config, progress)
}

#[test]
fn seeds_and_not_threads_decide() {
    let graph = random_graph(300, 1500, 9);
    let on = |threads: usize, seed: u64| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let config = LinkTraining {
            seed,
            ..quick(&graph)
        };
        let pool = pool.build().unwrap();
        pool.install(|| trained(&graph, &config).unwrap())
    };
    let first = on(1, 0);
    assert_eq!(first, on(3, 0));
    assert_ne!(first.0, on(1, 1).0);
}

#[test]
fn models_and_tables_come_back_as_they_were() {
    let graph = random_graph(200, 900, 10);
    let (model, tables) = trained(&graph, &quick(&graph)).unwrap();
    let (model_bytes, table_bytes) = (model.encode().unwrap(), tables.encode().unwrap());
    assert_eq!(LinkModel::decode(&model_bytes).unwrap(), model);
    assert_eq!(LinkTables::decode(&table_bytes).unwrap(), tables);
    let sentence = |bytes: &[u8], of_model: bool| match of_model {
        true => LinkModel::decode(bytes).unwrap_err().to_string(),
        false => LinkTables::decode(bytes).unwrap_err().to_string(),
    };
    let mut wrong = Vec::new();
    for (bytes, other, of_model, name) in [
        (&model_bytes, &table_bytes, true, "link model"),
        (&table_bytes, &model_bytes, false, "link table"),
    ] {
        let changed = |place: usize| {
            let mut bytes = bytes.clone();
            bytes[place] ^= 9;
            bytes
        };
        let foreign = |bytes: usize| format!("{bytes} bytes do not begin as a {name} does");
        let damaged = "the checksum does not fit: the file was damaged".to_owned();
        let version =
            "version 11 of the format, expected 2; train again, or use the nigh that wrote it";
        for (bytes, expected) in [
            (other.clone(), foreign(other.len())),
            (Vec::new(), foreign(0)),
            (bytes[..14].to_vec(), foreign(14)),
            (bytes[..bytes.len() - 1].to_vec(), damaged.clone()),
            (changed(bytes.len() / 2), damaged),
            (changed(8), version.to_owned()),
        ] {
            let got = sentence(&bytes, of_model);
            if got != expected {
                wrong.push((name, got, expected));
            }
        }
    }
    assert_eq!(wrong, []);
}

#[test]
fn tiny_graphs_get_a_model_or_a_sentence() {
    let path = |nodes: usize| -> Vec<Edge> {
        let edge = |node: usize| Edge::new(node as u32, node as u32 + 1);
        (0..nodes.saturating_sub(1)).map(edge).collect()
    };
    let none = |people: usize, edges: usize| {
        format!("{edges} edges between {people} people: none are left when some are held out")
    };
    let mut wrong = Vec::new();
    for (nodes, edges, expected) in [
        (0, vec![], none(0, 0)),
        (1, vec![], none(1, 0)),
        (5, vec![], none(5, 0)),
        (2, path(2), none(2, 1)),
        // Whoever is left is a candidate by embeddings.
        (3, path(3), String::new()),
    ] {
        let graph = Csr::from_edges(nodes, &edges);
        let got = trained(&graph, &quick(&graph)).err().unwrap_or_default();
        if got != expected {
            wrong.push((nodes, got, expected));
        }
    }
    assert_eq!(wrong, []);
    for nodes in 4..12 {
        let graph = random_graph(nodes, 4 * nodes, 11);
        if let Ok((model, tables)) = trained(&graph, &quick(&graph)) {
            assert_eq!(tables.people(), nodes);
            let candidates = found(&graph, 0, model.config());
            model.score(&candidates, &mut Vec::new()).unwrap();
        }
    }
}

#[test]
fn bad_settings_get_a_sentence() {
    let graph = random_graph(50, 200, 12);
    let usual = || quick(&graph);
    let share = |share| LinkTraining { share, ..usual() };
    let kept = |kept| LinkTraining { kept, ..usual() };
    let mut wrong = Vec::new();
    for (config, expected) in [
        (share(0.0), "share is 0, expected above 0 and at most 1"),
        (
            share(f64::NAN),
            "share is NaN, expected above 0 and at most 1",
        ),
        (kept(1.5), "kept is 1.5, expected above 0 and at most 1"),
        (
            LinkTraining {
                hold_outs: 0,
                ..usual()
            },
            "hold_outs is 0, expected at least 1",
        ),
        (
            LinkTraining {
                people: 0,
                ..usual()
            },
            "no candidates to learn from",
        ),
    ] {
        let got = trained(&graph, &config).err().unwrap_or_default();
        if got != expected {
            wrong.push((got, expected));
        }
    }
    assert_eq!(wrong, []);
}

#[test]
fn a_training_says_what_it_does_and_stops_when_told() {
    let graph = random_graph(200, 900, 13);
    let mut parts = Vec::new();
    train(&graph, &quick(&graph), |part| {
        parts.push(part);
        ControlFlow::Continue(())
    })
    .unwrap();
    let hold_out = |number| LinkProgress::HoldOut { number, of: 2 };
    assert_eq!(parts[..2], [hold_out(1), hold_out(2)]);
    assert!(matches!(parts[2], LinkProgress::Trees { candidates } if candidates > 100));
    assert_eq!(parts[3..], [LinkProgress::Tables]);
    for last in &parts {
        let result = train(&graph, &quick(&graph), |part| match part == *last {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        });
        let got = result.map(|_| ()).unwrap_err().to_string();
        assert_eq!(got, "the training was stopped", "{last:?}");
    }
}

/// A real network from `NIGH_TEST_DATA` (default `../shared/data` beside the workspace), or `None` where a stranger has none
/// and may go without: what is known, and what is to be found.
fn real(name: &str) -> Option<(Csr, Csr)> {
    let data = std::env::var_os("NIGH_TEST_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let folder = data.join("splits").join(name);
    if !folder.is_dir() {
        let required = std::env::var_os("NIGH_REQUIRE_DATA").is_some_and(|v| v == "1");
        let folder = folder.display();
        assert!(!required, "NIGH_REQUIRE_DATA=1, but {folder} is missing");
        println!("skipped: no network in {folder} (set NIGH_TEST_DATA)");
        return None;
    }
    let text = |part: &str| std::fs::read_to_string(folder.join(part).with_extension("txt"));
    let edges = |part: &str| -> Vec<Edge> {
        let edge = |line: &str| {
            let (a, b) = line.split_once(' ').unwrap();
            Edge::new(a.parse().unwrap(), b.trim().parse().unwrap())
        };
        text(part).unwrap().lines().map(edge).collect()
    };
    let nodes = text("n").unwrap().trim().parse().unwrap();
    let graph = |edges: &[Edge]| Csr::from_edges(nodes, edges);
    let train = [edges("fit"), edges("val")].concat();
    Some((graph(&train), graph(&edges("test"))))
}

#[test]
fn a_model_ranks_friendships_better_than_resource_allocation() {
    let Some((train, test)) = real("egofb") else {
        return;
    };
    let config = LinkTraining {
        embedder: few_steps(),
        hold_outs: 1,
        people: 2000,
        validation_people: 500,
        ranker: RankerConfig {
            rounds: 120,
            learning_rate: 0.1,
            ..RankerConfig::default()
        },
        ..LinkTraining::for_graph(&train)
    };
    let (model, tables) = trained(&train, &config).unwrap();
    let users: Vec<u32> = (0..train.nodes() as u32)
        .filter(|&node| !test.list(node).is_empty())
        .step_by(2)
        .collect();
    let (mut scratch, mut scores) = (LinkScratch::default(), Vec::new());
    let mut ranked: HashMap<u32, [Vec<(u32, f32)>; 2]> = HashMap::new();
    for &user in &users {
        let found = link_candidates(
            &train,
            &tables,
            &with(user, &[]),
            &config.candidates,
            &mut scratch,
        );
        model.score(&found, &mut scores).unwrap();
        let by_model = found.nodes.iter().copied().zip(scores.iter().copied());
        let rows = named(&found);
        let by_allocation = rows.iter().map(|row| row["allocation"] as f32);
        let by_allocation = found.nodes.iter().copied().zip(by_allocation);
        ranked.insert(user, [by_model.collect(), by_allocation.collect()]);
    }
    let measured = |method: usize| -> RankingMetrics {
        let case = |&user: &u32| RankingCase {
            user,
            relevant: test.list(user),
            excluded: train.list(user),
        };
        let cases: Vec<RankingCase<'_>> = users.iter().map(case).collect();
        evaluate_ranking(&cases, &TieOrder::of_numbers(train.nodes()), |user, all| {
            all.fill(f32::NEG_INFINITY);
            for &(node, score) in &ranked[&user][method] {
                all[node as usize] = score;
            }
        })
    };
    let (model, allocation) = (measured(0), measured(1));
    assert!(
        model.recall_at_10 > allocation.recall_at_10 + 0.005 && model.mrr > allocation.mrr + 0.005,
        "model {model:?}, resource allocation {allocation:?}"
    );
}
