-- Comparisons of our own, below which names and words are searched (docs/adr/0015). Below row security PostgreSQL lets
-- a condition reach an index only if its function is leakproof, which LIKE, ILIKE and @@ are not. Here they are the plain
-- ones by other names, so that every query says the same everywhere; 0002_leakproof.sql makes them quick.

create extension if not exists btree_gin;

create function name_like(name text, pattern text) returns boolean
    language sql immutable strict parallel safe
    return name like pattern;
create function name_ilike(name text, pattern text) returns boolean
    language sql immutable strict parallel safe
    return name ilike pattern;
create function words_match(document tsvector, words tsquery) returns boolean
    language sql immutable strict parallel safe
    return document @@ words;

create operator ~~~ (leftarg = text, rightarg = text, function = name_like, restrict = likesel, join = likejoinsel);
create operator ~~~* (
    leftarg = text, rightarg = text, function = name_ilike, restrict = iclikesel, join = iclikejoinsel
);
create operator @@~ (
    leftarg = tsvector, rightarg = tsquery, function = words_match, restrict = tsmatchsel, join = tsmatchjoinsel
);

-- with the organisation and the key in the index nobody pays for the words of others
-- squawk-ignore require-concurrent-index-deletion
drop index if exists file_text_document_index;
-- squawk-ignore require-concurrent-index-creation
create index file_text_words on file_text using gin (organisation_id, key_number, document)
    with (gin_pending_list_limit = 256);
