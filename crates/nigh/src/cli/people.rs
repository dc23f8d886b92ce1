//! `nigh people …`.

use std::path::PathBuf;

use clap::builder::FalseyValueParser;
use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Subcommand)]
pub(crate) enum PeopleCommand {
    /// Read friendships, and what is known of people, into a network.
    Import(ImportPeopleArgs),
    /// Learn from the network itself how to rank suggestions.
    Train(TrainPeopleArgs),
    /// Find the people whom somebody may know.
    Suggest(SuggestArgs),
    /// Add a friendship, or many from a file.
    AddEdge(AddEdgeArgs),
    /// Remove a friendship.
    RemoveEdge(TwoArgs),
    /// Never suggest the second person to the first again.
    Dismiss(TwoArgs),
    /// Never suggest either of two people to the other.
    Block(TwoArgs),
    /// Neither name nor count somebody as anybody's friend.
    HideList(OneArgs),
    /// Suggest somebody to nobody.
    OptOut(OneArgs),
    /// Remove somebody with all friendships and rules, on the disk too.
    Erase(OneArgs),
    /// Measure how well held-out friendships are found.
    Eval(EvalPeopleArgs),
    /// Measure how fast suggestions and additions are.
    Bench(BenchPeopleArgs),
    /// Divide the network into shards, and report what that costs.
    Partition(PartitionArgs),
    /// Show degrees, components, communities and clustering.
    Stats(StatsArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  nigh people import friends.csv --into circle
  nigh people import friends.txt.gz --people people.csv --null 0 --into circle
  nigh people import SNAP.txt more.parquet --into circle --json

An edge list is CSV, TSV, text with blanks, Parquet, or one row `person<TAB>friend,friend,…`
for each person, each also as .gz, with a header or not; ids may be numbers or texts. A third
and a fourth column are times and weights. Friendships have no direction: a row either way is
the same one. Run it again to add more: a friendship that is there takes the new time and weight,
and a person the new attributes.")]
pub(crate) struct ImportPeopleArgs {
    /// Files of friendships.
    #[arg(required = true, value_name = "EDGES")]
    pub(crate) edges: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) columns: EdgeColumnArgs,

    /// A CSV or TSV file with a header: an id and attributes of each person.
    #[arg(long, env = "NIGH_PEOPLE", value_name = "NODES.csv")]
    pub(crate) people: Option<PathBuf>,

    /// The column of --people that holds the ids [default: one called id, node_id, user…, or the first].
    #[arg(long, env = "NIGH_ID", value_name = "COL", requires = "people")]
    pub(crate) id: Option<String>,

    /// A text in --people that means "not known", such as 0 or NA; may be given several times.
    #[arg(long, env = "NIGH_NULL", value_name = "TEXT", requires = "people")]
    pub(crate) null: Vec<String>,

    /// The network's folder; made if it does not exist.
    #[arg(long, env = "NIGH_INTO", value_name = "DIR")]
    pub(crate) into: PathBuf,

    /// End with exit code 3 if any row was rejected.
    #[arg(long, env = "NIGH_STRICT", value_parser = FalseyValueParser::new())]
    pub(crate) strict: bool,

    /// Print one JSON object on standard output.
    #[arg(long, env = "NIGH_JSON", value_parser = FalseyValueParser::new())]
    pub(crate) json: bool,
}

/// What the columns of an edge list are: names, or places from 1 [default: guessed].
#[derive(Debug, Args)]
pub(crate) struct EdgeColumnArgs {
    /// The column of one end.
    #[arg(long, env = "NIGH_FROM_COLUMN", value_name = "COL")]
    pub(crate) from: Option<String>,

    /// The column of the other end.
    #[arg(long, env = "NIGH_TO_COLUMN", value_name = "COL")]
    pub(crate) to: Option<String>,

    /// The column of times: seconds or milliseconds since 1970, or RFC 3339.
    #[arg(long, env = "NIGH_TIME_COLUMN", value_name = "COL")]
    pub(crate) time: Option<String>,

    /// The column of weights.
    #[arg(long, env = "NIGH_WEIGHT_COLUMN", value_name = "COL")]
    pub(crate) weight: Option<String>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  nigh people suggest circle ada
  nigh people suggest circle ada -k 20 --where \"year = 2009\" --explain")]
pub(crate) struct SuggestArgs {
    /// The network's folder.
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,

    /// Whose suggestions.
    #[arg(value_name = "PERSON")]
    pub(crate) person: String,

    /// How many.
    #[arg(short, long, env = "NIGH_K", value_name = "K", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) k: u32,

    /// Only people with these attributes: SQL-like, such as "dorm = 12 AND year >= 2008".
    #[arg(long = "where", env = "NIGH_WHERE", value_name = "CONDITION")]
    pub(crate) condition: Option<String>,

    /// Show the stages: how many went in and came out, and how long each took.
    #[arg(long, env = "NIGH_EXPLAIN", value_parser = FalseyValueParser::new())]
    pub(crate) explain: bool,

    /// Print one JSON object on standard output.
    #[arg(long, env = "NIGH_JSON", value_parser = FalseyValueParser::new())]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  nigh people train circle
  nigh people train circle --seed 2 --json

Friendships are held out (by chance; where they have times, the newest), embeddings are learned
from what remains and from people's attributes, and boosted trees learn which candidates are the
right ones. Until then suggestions are ranked by resource allocation. Stop it with Ctrl-C: the same
command goes on with the embeddings where it was, if neither friendships nor attributes changed.")]
pub(crate) struct TrainPeopleArgs {
    /// The network's folder.
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,

    /// The seed of all that is left to chance.
    #[arg(long, env = "NIGH_SEED", value_name = "SEED", default_value_t = 0)]
    pub(crate) seed: u64,

    /// Print one JSON object on standard output.
    #[arg(long, env = "NIGH_JSON", value_parser = FalseyValueParser::new())]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  nigh people add-edge circle ada grace
  nigh people add-edge circle ada grace --time 1700000000
  nigh people add-edge circle --from new-friends.txt --json

With --from, each line is `a b [time [weight]]`. Lines are written in batches: a batch ends when it is
full, or 20 ms after its first line came, so that a slow stream is on the disk soon. With --json a line
{\"acknowledged\":N} on standard output says that the first N that could be taken are on disk.")]
pub(crate) struct AddEdgeArgs {
    /// The network's folder.
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,

    /// One person.
    #[arg(value_name = "A", required_unless_present = "from", requires = "b")]
    pub(crate) a: Option<String>,

    /// The other person.
    #[arg(value_name = "B")]
    pub(crate) b: Option<String>,

    /// When, in seconds since 1970.
    #[arg(long, env = "NIGH_TIME", value_name = "SECONDS", default_value_t = 0, hide_default_value = true, value_parser = clap::value_parser!(i64).range(0..))]
    pub(crate) time: i64,

    /// A file of friendships, - for standard input.
    #[arg(long, env = "NIGH_FROM", value_name = "FILE", conflicts_with = "a")]
    pub(crate) from: Option<PathBuf>,

    /// The most friendships in one durable batch of --from.
    #[arg(long, env = "NIGH_BATCH", value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) batch: u32,

    /// Print JSON on standard output.
    #[arg(long, env = "NIGH_JSON", value_parser = FalseyValueParser::new())]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct TwoArgs {
    /// The network's folder.
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,

    /// One person.
    #[arg(value_name = "A")]
    pub(crate) a: String,

    /// The other person.
    #[arg(value_name = "B")]
    pub(crate) b: String,
}

#[derive(Debug, Args)]
pub(crate) struct OneArgs {
    /// The network's folder.
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,

    /// The person.
    #[arg(value_name = "PERSON")]
    pub(crate) person: String,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  nigh people eval circle --holdout test.txt --users users.txt
  nigh people eval circle --holdout test.txt --users users.txt --seeds 3
  nigh people eval circle --newest 0.1

Everybody who is no friend is ranked for each user; equal scores in the order of a hash of the id.
A listed user whom the network does not know counts as a miss.

With --seeds, as many rankings are trained on the network (and LightGCN beside them) and none is
kept: the figures are their means. With --newest, the newest friendships are held out, rankings
are trained on those before, and nothing is learned from the future.")]
#[command(group(clap::ArgGroup::new("measured_on").required(true).args(["holdout", "newest"])))]
pub(crate) struct EvalPeopleArgs {
    /// The network's folder.
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,

    /// Friendships that the network has not seen, `a b` by line.
    #[arg(long, env = "NIGH_HOLDOUT", value_name = "FILE")]
    pub(crate) holdout: Option<PathBuf>,

    /// Hold out this share of the friendships, the newest.
    #[arg(long, env = "NIGH_NEWEST", value_name = "SHARE", conflicts_with_all = ["holdout", "users"])]
    pub(crate) newest: Option<f64>,

    /// Train so many rankings, with seeds from 0, instead of using the network's own [default with --newest: 1].
    #[arg(long, env = "NIGH_SEEDS", value_name = "N", default_value_t = 0,
        value_parser = clap::value_parser!(u64).range(0..=100))]
    pub(crate) seeds: u64,

    /// The people to look at, one by line [default: everybody in the holdout].
    #[arg(long, env = "NIGH_USERS", value_name = "FILE")]
    pub(crate) users: Option<PathBuf>,

    /// Print one JSON object on standard output.
    #[arg(long, env = "NIGH_JSON", value_parser = FalseyValueParser::new())]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct BenchPeopleArgs {
    /// The network's folder.
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,

    /// How many people to ask for.
    #[arg(long, env = "NIGH_QUESTIONS", value_name = "N", default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) questions: u32,

    /// The seed that chooses them.
    #[arg(long, env = "NIGH_SEED", value_name = "SEED", default_value_t = 7)]
    pub(crate) seed: u64,

    /// Print one JSON object on standard output.
    #[arg(long, env = "NIGH_JSON", value_parser = FalseyValueParser::new())]
    pub(crate) json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PartitionMethod {
    /// By a hash of the person.
    Hash,
    /// Communities by Louvain, packed.
    Louvain,
    /// Communities by Leiden, packed.
    Leiden,
    /// Several levels, refined for two-hop locality.
    Multilevel,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  nigh people partition circle --shards 8
  nigh people partition circle --shards 64 --method leiden --out shards.csv --json")]
pub(crate) struct PartitionArgs {
    /// The network's folder.
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,

    /// How many shards.
    #[arg(long, env = "NIGH_SHARDS", value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub(crate) shards: u32,

    /// How they are made.
    #[arg(long, env = "NIGH_METHOD", value_name = "METHOD", value_enum, default_value_t = PartitionMethod::Multilevel)]
    pub(crate) method: PartitionMethod,

    /// A CSV file to write: the shard of each person.
    #[arg(long, env = "NIGH_OUT", value_name = "FILE.csv")]
    pub(crate) out: Option<PathBuf>,

    /// Print one JSON object on standard output.
    #[arg(long, env = "NIGH_JSON", value_parser = FalseyValueParser::new())]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct StatsArgs {
    /// The network's folder.
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,

    /// Print one JSON object on standard output.
    #[arg(long, env = "NIGH_JSON", value_parser = FalseyValueParser::new())]
    pub(crate) json: bool,
}
