-- What takes a superuser: the comparisons of 0002_operators.sql made leakproof (they are: no message of theirs holds a
-- value of a row), and the indexes that they reach. May be run later by hand, and again.

create or replace function name_like(name text, pattern text) returns boolean
    language internal immutable strict parallel safe leakproof as 'textlike';
create or replace function name_ilike(name text, pattern text) returns boolean
    language internal immutable strict parallel safe leakproof as 'texticlike';
create or replace function words_match(document tsvector, words tsquery) returns boolean
    language internal immutable strict parallel safe leakproof as 'ts_match_vq';

do $$
begin
    if not exists (select from pg_opclass where opcname = 'name_trigram_ops') then
        create operator class name_trigram_ops for type text using gin as
            operator 3 ~~~ (text, text),
            operator 4 ~~~* (text, text),
            function 1 (text, text) btint4cmp(int4, int4),
            function 2 (text, text) gin_extract_value_trgm(text, internal),
            function 3 (text, text) gin_extract_query_trgm(
                text, internal, int2, internal, internal, internal, internal),
            function 4 (text, text) gin_trgm_consistent(
                internal, int2, text, int4, internal, internal, internal, internal),
            function 6 (text, text) gin_trgm_triconsistent(
                internal, int2, text, int4, internal, internal, internal),
            storage int4;
        create operator class words_ops for type tsvector using gin as
            operator 1 @@~ (tsvector, tsquery),
            function 1 (tsvector, tsvector) gin_cmp_tslexeme(text, text),
            function 2 (tsvector, tsvector) gin_extract_tsvector(tsvector, internal, internal),
            function 3 (tsvector, tsvector) gin_extract_tsquery(
                tsvector, internal, int2, internal, internal, internal, internal),
            function 4 (tsvector, tsvector) gin_tsquery_consistent(
                internal, int2, tsvector, int4, internal, internal, internal, internal),
            function 5 (tsvector, tsvector) gin_cmp_prefix(text, text, int2, internal),
            function 6 (tsvector, tsvector) gin_tsquery_triconsistent(
                internal, int2, tsvector, int4, internal, internal, internal),
            storage text;
    end if;
end
$$;

-- On the partition itself: what PostgreSQL derives from an index of the whole table forgets the collation.
-- A short pending list (kB): what is in it is looked at by every search, and put in order by whoever fills it.
-- squawk-ignore require-concurrent-index-creation
create index if not exists file_part_default_name_trigrams on file_part_default
    using gin (organisation_id, name collate "default" name_trigram_ops) with (gin_pending_list_limit = 256);
-- squawk-ignore require-concurrent-index-deletion
drop index if exists file_text_words;
-- squawk-ignore require-concurrent-index-creation
create index file_text_words on file_text using gin (organisation_id, key_number, document words_ops)
    with (gin_pending_list_limit = 256);
