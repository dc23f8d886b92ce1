/** What each stage of a trace does, in a sentence. */

/** Stages of a search in a catalog. */
export const SEARCH_STAGES = {
  embedding_cache: 'The embedding was known from an earlier search with the same picture or words.',
  decode: 'The picture’s file is turned into pixels.',
  encode: 'The encoder makes an embedding of the picture or words.',
  filter: 'The condition is tried on the attributes of all items; those that pass go on.',
  scan: 'Every item that passes is compared with the query.',
  probe: 'Of the index only the lists nearest to the query are read, and what is in them is compared.',
  rescore: 'The nearest by their compressed embeddings are compared again, exactly.',
  tail: 'Items newer than the index are compared one by one.',
  collect: 'The nearest of all of these are brought together, with their attributes.',
  rank: 'The formula orders the nearest: similarity, boosts and freshness.',
  diversify: 'Items too much like one that is already chosen go further down.',
  group: 'Of the items with one value of the attribute, the first is kept.',
  refine: 'The nearest are grouped, put in order and counted, and the page is cut out.',
};

/** Stages of suggestions in a network. */
export const PEOPLE_STAGES = {
  embedding: 'People whose place in the network is like this person’s are found.',
  paths: 'Friends of friends, and those found before, become candidates.',
  two_hop: 'Friends of friends are found and weighed by how many friends the ones between them have.',
  rank: 'The trained model orders the candidates.',
  rules: 'Who is blocked, dismissed, has opted out or fails the condition is left out.',
  all_two_hop: 'Too few were left, so all friends of friends were looked at.',
  popular: 'Too few were left, so people with many friends were added.',
  explain: 'The reasons are put into words, as far as everybody lets them be told.',
};
