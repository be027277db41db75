-- Search: background jobs, indexes by metadata key, vectors, plots, near duplicates, collections, presets.

CREATE TABLE background_job (
    organisation_id UUID NOT NULL,
    id UUID NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    done_count BIGINT NOT NULL,
    total_count BIGINT,
    message VARCHAR NOT NULL,
    input JSONB NOT NULL,
    result JSONB,
    created_by UUID,
    revision INTEGER NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    finished_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT background_job_pkey PRIMARY KEY (organisation_id, id),
    CONSTRAINT background_job_organisation_id_fkey FOREIGN KEY(organisation_id) REFERENCES organisation (id) ON DELETE CASCADE,
    CONSTRAINT background_job_created_by_fkey FOREIGN KEY(created_by) REFERENCES app_user (id) ON DELETE SET NULL
);
CREATE INDEX background_job_organisation_id_created_by_id_index ON background_job (organisation_id, created_by, id);

CREATE TABLE metadata_index (
    organisation_id UUID NOT NULL,
    key_number INTEGER NOT NULL,
    name VARCHAR NOT NULL,
    state TEXT NOT NULL,
    done_count BIGINT NOT NULL,
    total_count BIGINT,
    message VARCHAR NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT metadata_index_pkey PRIMARY KEY (organisation_id, key_number),
    CONSTRAINT metadata_index_organisation_id_fkey FOREIGN KEY(organisation_id) REFERENCES organisation (id) ON DELETE CASCADE
);

CREATE TABLE vector_table (
    organisation_id UUID NOT NULL,
    key_number INTEGER NOT NULL,
    name VARCHAR NOT NULL,
    dimensions INTEGER NOT NULL,
    vector_count BIGINT NOT NULL,
    indexed_count BIGINT NOT NULL,
    change_count BIGINT NOT NULL,
    index_state TEXT NOT NULL,
    done_count BIGINT NOT NULL,
    total_count BIGINT,
    message VARCHAR NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT vector_table_pkey PRIMARY KEY (organisation_id, key_number),
    CONSTRAINT vector_table_organisation_id_fkey FOREIGN KEY(organisation_id) REFERENCES metadata_schema (organisation_id) ON DELETE CASCADE
);

CREATE TABLE embedding_encoder (
    organisation_id UUID NOT NULL,
    key_number INTEGER NOT NULL,
    kind TEXT NOT NULL,
    configuration JSONB NOT NULL,
    credentials BYTEA,
    revision INTEGER NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT embedding_encoder_pkey PRIMARY KEY (organisation_id, key_number),
    CONSTRAINT embedding_encoder_organisation_id_fkey FOREIGN KEY(organisation_id) REFERENCES metadata_schema (organisation_id) ON DELETE CASCADE
);

CREATE TABLE embedding_plot (
    organisation_id UUID NOT NULL,
    id UUID NOT NULL,
    key_number INTEGER NOT NULL,
    folder_id UUID,
    method TEXT NOT NULL,
    is_ready BOOLEAN NOT NULL,
    point_count BIGINT NOT NULL,
    axes BYTEA,
    x_min FLOAT NOT NULL,
    y_min FLOAT NOT NULL,
    x_max FLOAT NOT NULL,
    y_max FLOAT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT embedding_plot_pkey PRIMARY KEY (organisation_id, id),
    CONSTRAINT embedding_plot_organisation_id_folder_id_fkey FOREIGN KEY(organisation_id, folder_id) REFERENCES folder (organisation_id, id) ON DELETE CASCADE,
    CONSTRAINT embedding_plot_organisation_id_fkey FOREIGN KEY(organisation_id) REFERENCES organisation (id) ON DELETE CASCADE
);
CREATE INDEX embedding_plot_organisation_id_key_number_folder_id_index ON embedding_plot (organisation_id, key_number, folder_id);

CREATE TABLE embedding_plot_point (
    organisation_id UUID NOT NULL,
    plot_id UUID NOT NULL,
    file_id UUID NOT NULL,
    frame INTEGER NOT NULL,
    folder_id UUID NOT NULL,
    x FLOAT NOT NULL,
    y FLOAT NOT NULL,
    CONSTRAINT embedding_plot_point_pkey PRIMARY KEY (organisation_id, plot_id, file_id, frame),
    CONSTRAINT embedding_plot_point_organisation_id_plot_id_fkey FOREIGN KEY(organisation_id, plot_id) REFERENCES embedding_plot (organisation_id, id) ON DELETE CASCADE,
    CONSTRAINT embedding_plot_point_organisation_id_file_id_fkey FOREIGN KEY(organisation_id, file_id) REFERENCES file (organisation_id, id) ON DELETE CASCADE
);
CREATE INDEX embedding_plot_point_organisation_id_file_id_index ON embedding_plot_point (organisation_id, file_id);
CREATE INDEX embedding_plot_point_organisation_id_plot_id_x_y_index ON embedding_plot_point (organisation_id, plot_id, x, y);

CREATE TABLE near_duplicate (
    organisation_id UUID NOT NULL,
    job_id UUID NOT NULL,
    file_id UUID NOT NULL,
    frame INTEGER NOT NULL,
    other_file_id UUID NOT NULL,
    other_frame INTEGER NOT NULL,
    score FLOAT NOT NULL,
    CONSTRAINT near_duplicate_pkey PRIMARY KEY (organisation_id, job_id, file_id, frame, other_file_id, other_frame),
    CONSTRAINT near_duplicate_organisation_id_job_id_fkey FOREIGN KEY(organisation_id, job_id) REFERENCES background_job (organisation_id, id) ON DELETE CASCADE,
    CONSTRAINT near_duplicate_organisation_id_file_id_fkey FOREIGN KEY(organisation_id, file_id) REFERENCES file (organisation_id, id) ON DELETE CASCADE,
    CONSTRAINT near_duplicate_organisation_id_other_file_id_fkey FOREIGN KEY(organisation_id, other_file_id) REFERENCES file (organisation_id, id) ON DELETE CASCADE
);
CREATE INDEX near_duplicate_organisation_id_file_id_index ON near_duplicate (organisation_id, file_id);
CREATE INDEX near_duplicate_organisation_id_other_file_id_index ON near_duplicate (organisation_id, other_file_id);
CREATE INDEX near_duplicate_by_score ON near_duplicate (organisation_id, job_id, score, file_id, frame, other_file_id, other_frame);

CREATE TABLE collection (
    organisation_id UUID NOT NULL,
    id UUID NOT NULL,
    folder_id UUID NOT NULL,
    name VARCHAR NOT NULL,
    description VARCHAR NOT NULL,
    created_by UUID,
    revision INTEGER NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT collection_pkey PRIMARY KEY (organisation_id, id),
    CONSTRAINT collection_organisation_id_folder_id_fkey FOREIGN KEY(organisation_id, folder_id) REFERENCES folder (organisation_id, id) ON DELETE CASCADE,
    CONSTRAINT collection_organisation_id_fkey FOREIGN KEY(organisation_id) REFERENCES organisation (id) ON DELETE CASCADE,
    CONSTRAINT collection_created_by_fkey FOREIGN KEY(created_by) REFERENCES app_user (id) ON DELETE SET NULL
);
CREATE INDEX collection_organisation_id_folder_id_id_index ON collection (organisation_id, folder_id, id);

CREATE TABLE collection_file (
    organisation_id UUID NOT NULL,
    collection_id UUID NOT NULL,
    file_id UUID NOT NULL,
    added_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT collection_file_pkey PRIMARY KEY (organisation_id, collection_id, file_id),
    CONSTRAINT collection_file_organisation_id_collection_id_fkey FOREIGN KEY(organisation_id, collection_id) REFERENCES collection (organisation_id, id) ON DELETE CASCADE,
    CONSTRAINT collection_file_organisation_id_file_id_fkey FOREIGN KEY(organisation_id, file_id) REFERENCES file (organisation_id, id) ON DELETE CASCADE
);
CREATE INDEX collection_file_organisation_id_file_id_index ON collection_file (organisation_id, file_id);

CREATE TABLE filter_preset (
    organisation_id UUID NOT NULL,
    id UUID NOT NULL,
    folder_id UUID,
    name VARCHAR NOT NULL,
    description VARCHAR NOT NULL,
    filter JSONB NOT NULL,
    is_shared BOOLEAN NOT NULL,
    created_by UUID,
    revision INTEGER NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT filter_preset_pkey PRIMARY KEY (organisation_id, id),
    CONSTRAINT filter_preset_organisation_id_folder_id_fkey FOREIGN KEY(organisation_id, folder_id) REFERENCES folder (organisation_id, id) ON DELETE CASCADE,
    CONSTRAINT filter_preset_organisation_id_fkey FOREIGN KEY(organisation_id) REFERENCES organisation (id) ON DELETE CASCADE,
    CONSTRAINT filter_preset_created_by_fkey FOREIGN KEY(created_by) REFERENCES app_user (id) ON DELETE SET NULL
);
CREATE INDEX filter_preset_organisation_id_id_index ON filter_preset (organisation_id, id);

grant select, insert, update, delete on
    background_job, metadata_index, vector_table, embedding_encoder, embedding_plot, embedding_plot_point,
    near_duplicate, collection, collection_file, filter_preset
to labelgraph_app;

do $$
declare
    tenant_table text;
begin
    foreach tenant_table in array array[
        'background_job', 'metadata_index', 'vector_table', 'embedding_encoder', 'embedding_plot',
        'embedding_plot_point', 'near_duplicate', 'collection', 'collection_file', 'filter_preset'
    ] loop
        execute format(
            'create policy tenant on %I to labelgraph_app'
            ' using (organisation_id = app_organisation_id())'
            ' with check (organisation_id = app_organisation_id())', tenant_table);
        execute format('alter table %I enable row level security', tenant_table);
        execute format('alter table %I force row level security', tenant_table);
    end loop;
end
$$;

-- The vectors of one embedding key of one organisation lie in a table of their own, so that its index holds nobody
-- else's. The application's role may not make tables; this makes one for the tenant of the transaction, and only in
-- this one shape. No foreign key to file: making it would stop everyone who writes files for a moment.
create function create_vector_table(key_number int, dimensions int) returns text
    language plpgsql security definer set search_path = public, pg_temp as $$
declare
    tenant uuid := app_organisation_id();
    table_name text := format('vectors_%s_%s', replace(tenant::text, '-', ''), key_number);
begin
    if tenant is null or key_number is null or key_number < 1 or dimensions not between 1 and 4096 then
        raise exception 'a vector table belongs to an organisation and a key, and has 1 to 4096 dimensions';
    end if;
    -- two first vectors at once: the second waits until the table of the first is there
    perform pg_advisory_xact_lock(hashtextextended(table_name, 0));
    if to_regclass(table_name) is not null then
        return table_name;
    end if;
    execute format(
        'create table %I (file_id uuid not null, frame int not null default -1,'
        ' is_from_document boolean not null default false, vector halfvec(%s) not null,'
        ' constraint %I primary key (file_id, frame))', table_name, dimensions, table_name || '_pkey');
    -- in the row itself as long as one fits into a page: comparing all of them is four times as quick
    execute format('alter table %I alter vector set storage %s', table_name,
        case when dimensions <= 4000 then 'plain' else 'external' end);
    execute format('alter table %I enable row level security', table_name);
    execute format('alter table %I force row level security', table_name);
    -- All rows are the tenant's. Said as a plain comparison the planner would count on one row in 200, and leave
    -- the index over the vectors alone; of a test for null it expects that nearly every row passes.
    execute format(
        'create policy tenant on %I to labelgraph_app'
        ' using (nullif(%L::uuid = app_organisation_id(), false) is not null)'
        ' with check (%L::uuid = app_organisation_id())', table_name, tenant, tenant);
    execute format('grant select, insert, update, delete on %I to labelgraph_app', table_name);
    return table_name;
end
$$;
create function drop_vector_table(key_number int) returns void
    language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if app_organisation_id() is null or key_number is null then
        raise exception 'a vector table belongs to an organisation and a key';
    end if;
    execute format('drop table if exists %I',
        format('vectors_%s_%s', replace(app_organisation_id()::text, '-', ''), key_number));
end
$$;
revoke execute on function create_vector_table(int, int), drop_vector_table(int) from public;
grant execute on function create_vector_table(int, int), drop_vector_table(int) to labelgraph_app;

-- Files take their vectors along when they go, whichever way they go. With the rights of whoever deletes: the
-- owner, too, sees rows behind the walls only where a foreign key deletes for it.
create function forget_vectors() returns trigger
    language plpgsql set search_path = public, pg_temp as $$
declare
    held record;
begin
    for held in
        select distinct v.organisation_id, v.name from vector_table v
        where v.organisation_id in (select organisation_id from gone)
    loop
        execute format(
            'delete from %I where file_id in (select id from gone where organisation_id = %L)',
            held.name, held.organisation_id);
    end loop;
    return null;
end
$$;
create trigger forget_vectors after delete on file
    referencing old table as gone for each statement execute function forget_vectors();

-- What the documents of some files no longer say: their vectors that came from a document, but for those that are
-- said again (the kept ones, a key's number, file and frame each). `numbers` are the keys it is about; null: all.
create function forget_document_vectors(
    file_ids uuid[], numbers int[], kept_numbers int[], kept_ids uuid[], kept_frames int[]
) returns void language plpgsql set search_path = public, pg_temp as $$
declare
    held record;
begin
    for held in
        select v.key_number, v.name from vector_table v
        where v.organisation_id = app_organisation_id() and (numbers is null or v.key_number = any(numbers))
    loop
        execute format(
            'delete from %I v where v.file_id = any($1) and v.is_from_document and not exists ('
            ' select from unnest($2, $3, $4) as kept(number, file_id, frame)'
            ' where kept.number = $5 and kept.file_id = v.file_id and kept.frame = v.frame)', held.name)
        using file_ids, kept_numbers, kept_ids, kept_frames, held.key_number;
    end loop;
end
$$;

-- Names over a whole organisation: exactly, by their beginning, and sorted.
-- squawk-ignore require-concurrent-index-creation
create index file_organisation_id_name_id_index on file (organisation_id, name, id);

-- Points of plots know the folder of their file, which says who may see them; they follow it when it moves.
create function move_plot_points() returns trigger
    language plpgsql as $$
begin
    update embedding_plot_point set folder_id = new.folder_id
    where organisation_id = new.organisation_id and file_id = new.id;
    return null;
end
$$;
create trigger move_plot_points after update of folder_id on file
    for each row when (old.folder_id is distinct from new.folder_id) execute function move_plot_points();

-- Groups of near duplicates: files that hang together by pairs.
CREATE TABLE near_duplicate_group (
    organisation_id UUID NOT NULL,
    id UUID NOT NULL,
    job_id UUID NOT NULL,
    file_count INTEGER NOT NULL,
    CONSTRAINT near_duplicate_group_pkey PRIMARY KEY (organisation_id, id),
    CONSTRAINT near_duplicate_group_organisation_id_job_id_fkey FOREIGN KEY(organisation_id, job_id) REFERENCES background_job (organisation_id, id) ON DELETE CASCADE
);
CREATE INDEX near_duplicate_group_organisation_id_job_id_file_count_id_index ON near_duplicate_group (organisation_id, job_id, file_count, id);

CREATE TABLE near_duplicate_member (
    organisation_id UUID NOT NULL,
    group_id UUID NOT NULL,
    file_id UUID NOT NULL,
    CONSTRAINT near_duplicate_member_pkey PRIMARY KEY (organisation_id, group_id, file_id),
    CONSTRAINT near_duplicate_member_organisation_id_group_id_fkey FOREIGN KEY(organisation_id, group_id) REFERENCES near_duplicate_group (organisation_id, id) ON DELETE CASCADE,
    CONSTRAINT near_duplicate_member_organisation_id_file_id_fkey FOREIGN KEY(organisation_id, file_id) REFERENCES file (organisation_id, id) ON DELETE CASCADE
);
CREATE INDEX near_duplicate_member_organisation_id_file_id_index ON near_duplicate_member (organisation_id, file_id);

grant select, insert, update, delete on near_duplicate_group, near_duplicate_member to labelgraph_app;
do $$
declare
    tenant_table text;
begin
    foreach tenant_table in array array['near_duplicate_group', 'near_duplicate_member'] loop
        execute format(
            'create policy tenant on %I to labelgraph_app'
            ' using (organisation_id = app_organisation_id())'
            ' with check (organisation_id = app_organisation_id())', tenant_table);
        execute format('alter table %I enable row level security', tenant_table);
        execute format('alter table %I force row level security', tenant_table);
    end loop;
end
$$;
