-- The house: people, metadata schema, files, uploads, the outbox; and the walls between organisations.
--
-- Three roles. The owner runs this file. The server works as labelgraph_app, which sees the rows of one
-- organisation at a time. The relay and the look-ups that say who someone is work as labelgraph_relay, which
-- has policies of its own on the few tables it needs, and no rights on the others.

do $$
declare
    role_name text;
begin
    -- roles belong to all databases of a server: another one may be making them at this moment
    foreach role_name in array array['labelgraph_app', 'labelgraph_relay'] loop
        if not exists (select from pg_roles where rolname = role_name) then
            begin
                execute format('create role %I nologin', role_name);
            exception when duplicate_object or unique_violation then
                null;
            end;
        end if;
        if not pg_has_role(role_name, 'member') then
            execute format('grant %I to %I', role_name, current_user);
        end if;
    end loop;
end
$$;

create extension if not exists vector;
create extension if not exists pg_trgm;

CREATE TABLE organisation (
    id UUID NOT NULL,
    name VARCHAR NOT NULL,
    revision INTEGER NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT organisation_pkey PRIMARY KEY (id)
);

CREATE TABLE relay_state (
    id INTEGER NOT NULL,
    epoch UUID NOT NULL,
    position BIGINT NOT NULL,
    floor BIGINT NOT NULL,
    stamped_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT relay_state_pkey PRIMARY KEY (id)
);

CREATE UNLOGGED TABLE seen_signature (
    digest BYTEA NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT seen_signature_pkey PRIMARY KEY (digest)
);
CREATE INDEX seen_signature_expires_at_index ON seen_signature (expires_at);

CREATE TABLE app_user (
    id UUID NOT NULL,
    email VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    password_hash VARCHAR,
    current_organisation_id UUID,
    auth_epoch INTEGER NOT NULL,
    is_disabled BOOLEAN NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT app_user_pkey PRIMARY KEY (id),
    CONSTRAINT app_user_email_key UNIQUE (email),
    CONSTRAINT app_user_current_organisation_id_fkey FOREIGN KEY(current_organisation_id) REFERENCES organisation (id) ON DELETE SET NULL
);
CREATE INDEX app_user_current_organisation_id_index ON app_user (current_organisation_id);

CREATE TABLE idempotency (
    organisation_id UUID NOT NULL,
    user_id UUID NOT NULL,
    key VARCHAR NOT NULL,
    operation VARCHAR NOT NULL,
    request_digest BYTEA NOT NULL,
    answer JSONB NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT idempotency_pkey PRIMARY KEY (organisation_id, user_id, key),
    CONSTRAINT idempotency_organisation_id_fkey FOREIGN KEY(organisation_id) REFERENCES organisation (id) ON DELETE CASCADE
);
CREATE INDEX idempotency_created_at_index ON idempotency (created_at);

CREATE TABLE metadata_key (
    organisation_id UUID NOT NULL,
    number INTEGER NOT NULL,
    id UUID NOT NULL,
    name VARCHAR NOT NULL,
    definition JSONB NOT NULL,
    state TEXT NOT NULL,
    read_to UUID,
    retired_numbers INTEGER[] NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT metadata_key_pkey PRIMARY KEY (organisation_id, number),
    CONSTRAINT metadata_key_organisation_id_name_key UNIQUE (organisation_id, name),
    CONSTRAINT metadata_key_id_key UNIQUE (id),
    CONSTRAINT metadata_key_organisation_id_fkey FOREIGN KEY(organisation_id) REFERENCES organisation (id) ON DELETE CASCADE
);

CREATE TABLE metadata_schema (
    organisation_id UUID NOT NULL,
    revision INTEGER NOT NULL,
    next_number INTEGER NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT metadata_schema_pkey PRIMARY KEY (organisation_id),
    CONSTRAINT metadata_schema_organisation_id_fkey FOREIGN KEY(organisation_id) REFERENCES organisation (id) ON DELETE CASCADE
);

CREATE TABLE outbox (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    organisation_id UUID NOT NULL,
    topic VARCHAR NOT NULL,
    entity_id UUID NOT NULL,
    position BIGINT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT outbox_pkey PRIMARY KEY (id),
    CONSTRAINT outbox_organisation_id_fkey FOREIGN KEY(organisation_id) REFERENCES organisation (id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX outbox_position ON outbox (position) WHERE position is not null;
CREATE INDEX outbox_unstamped ON outbox (id) WHERE position is null;

CREATE TABLE tag (
    organisation_id UUID NOT NULL,
    id UUID NOT NULL,
    name VARCHAR NOT NULL,
    description VARCHAR NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT tag_pkey PRIMARY KEY (organisation_id, id),
    CONSTRAINT tag_organisation_id_name_key UNIQUE (organisation_id, name),
    CONSTRAINT tag_organisation_id_fkey FOREIGN KEY(organisation_id) REFERENCES organisation (id) ON DELETE CASCADE
);

CREATE TABLE user_group (
    organisation_id UUID NOT NULL,
    id UUID NOT NULL,
    name VARCHAR NOT NULL,
    description VARCHAR NOT NULL,
    revision INTEGER NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT user_group_pkey PRIMARY KEY (organisation_id, id),
    CONSTRAINT user_group_organisation_id_fkey FOREIGN KEY(organisation_id) REFERENCES organisation (id) ON DELETE CASCADE
);

CREATE TABLE api_token (
    id UUID NOT NULL,
    organisation_id UUID NOT NULL,
    user_id UUID NOT NULL,
    name VARCHAR NOT NULL,
    digest BYTEA NOT NULL,
    scopes VARCHAR[] NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE,
    last_used_at TIMESTAMP WITH TIME ZONE,
    revoked_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT api_token_pkey PRIMARY KEY (id),
    CONSTRAINT api_token_organisation_id_fkey FOREIGN KEY(organisation_id) REFERENCES organisation (id) ON DELETE CASCADE,
    CONSTRAINT api_token_user_id_fkey FOREIGN KEY(user_id) REFERENCES app_user (id) ON DELETE CASCADE
);
CREATE INDEX api_token_organisation_id_user_id_index ON api_token (organisation_id, user_id);

CREATE TABLE browser_session (
    id UUID NOT NULL,
    user_id UUID NOT NULL,
    organisation_id UUID NOT NULL,
    digest BYTEA NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT browser_session_pkey PRIMARY KEY (id),
    CONSTRAINT browser_session_user_id_fkey FOREIGN KEY(user_id) REFERENCES app_user (id) ON DELETE CASCADE,
    CONSTRAINT browser_session_organisation_id_fkey FOREIGN KEY(organisation_id) REFERENCES organisation (id) ON DELETE CASCADE,
    CONSTRAINT browser_session_digest_key UNIQUE (digest)
);
CREATE INDEX browser_session_organisation_id_index ON browser_session (organisation_id);
CREATE INDEX browser_session_user_id_index ON browser_session (user_id);

CREATE TABLE folder (
    organisation_id UUID NOT NULL,
    id UUID NOT NULL,
    parent_id UUID,
    name VARCHAR NOT NULL,
    description VARCHAR NOT NULL,
    client_metadata JSONB NOT NULL,
    created_by UUID,
    revision INTEGER NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT folder_pkey PRIMARY KEY (organisation_id, id),
    CONSTRAINT folder_organisation_id_parent_id_fkey FOREIGN KEY(organisation_id, parent_id) REFERENCES folder (organisation_id, id) ON DELETE CASCADE,
    CONSTRAINT folder_organisation_id_fkey FOREIGN KEY(organisation_id) REFERENCES organisation (id) ON DELETE CASCADE,
    CONSTRAINT folder_created_by_fkey FOREIGN KEY(created_by) REFERENCES app_user (id) ON DELETE SET NULL
);
CREATE INDEX folder_organisation_id_parent_id_name_index ON folder (organisation_id, parent_id, name);

CREATE TABLE integration (
    organisation_id UUID NOT NULL,
    id UUID NOT NULL,
    title VARCHAR NOT NULL,
    provider TEXT NOT NULL,
    configuration JSONB NOT NULL,
    credentials BYTEA,
    is_strict_client_only BOOLEAN NOT NULL,
    created_by UUID,
    revision INTEGER NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT integration_pkey PRIMARY KEY (organisation_id, id),
    CONSTRAINT integration_organisation_id_fkey FOREIGN KEY(organisation_id) REFERENCES organisation (id) ON DELETE CASCADE,
    CONSTRAINT integration_created_by_fkey FOREIGN KEY(created_by) REFERENCES app_user (id) ON DELETE SET NULL
);
CREATE INDEX integration_organisation_id_title_index ON integration (organisation_id, title);

CREATE TABLE member (
    id UUID NOT NULL,
    organisation_id UUID NOT NULL,
    user_id UUID NOT NULL,
    role TEXT NOT NULL,
    member_type TEXT NOT NULL,
    revision INTEGER NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT member_pkey PRIMARY KEY (id),
    CONSTRAINT member_organisation_id_user_id_key UNIQUE (organisation_id, user_id),
    CONSTRAINT member_organisation_id_fkey FOREIGN KEY(organisation_id) REFERENCES organisation (id) ON DELETE CASCADE,
    CONSTRAINT member_user_id_fkey FOREIGN KEY(user_id) REFERENCES app_user (id) ON DELETE CASCADE
);
CREATE INDEX member_user_id_index ON member (user_id);

CREATE TABLE public_key (
    id UUID NOT NULL,
    user_id UUID NOT NULL,
    key_id VARCHAR NOT NULL,
    title VARCHAR NOT NULL,
    revoked_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT public_key_pkey PRIMARY KEY (id),
    CONSTRAINT public_key_user_id_fkey FOREIGN KEY(user_id) REFERENCES app_user (id) ON DELETE CASCADE,
    CONSTRAINT public_key_key_id_key UNIQUE (key_id)
);
CREATE INDEX public_key_user_id_index ON public_key (user_id);

CREATE TABLE file (
    organisation_id UUID NOT NULL,
    id UUID NOT NULL,
    folder_id UUID NOT NULL,
    type TEXT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    description VARCHAR NOT NULL,
    storage_location TEXT NOT NULL,
    integration_id UUID,
    url VARCHAR,
    object_key VARCHAR,
    source_key UUID,
    byte_size BIGINT,
    mime_type VARCHAR,
    width INTEGER,
    height INTEGER,
    fps FLOAT,
    duration_seconds FLOAT,
    frame_count BIGINT,
    page_count INTEGER,
    audio_sample_rate INTEGER,
    audio_bit_depth INTEGER,
    audio_channel_count INTEGER,
    audio_codec VARCHAR,
    dicom_study_uid VARCHAR,
    dicom_series_uid VARCHAR,
    dicom_instance_uid VARCHAR,
    can_render_3d BOOLEAN,
    is_component BOOLEAN NOT NULL,
    is_tombstone BOOLEAN NOT NULL,
    attrs JSONB DEFAULT '{}'::jsonb NOT NULL,
    revision INTEGER DEFAULT 1 NOT NULL,
    created_by UUID,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT file_pkey PRIMARY KEY (organisation_id, id),
    CONSTRAINT file_organisation_id_folder_id_fkey FOREIGN KEY(organisation_id, folder_id) REFERENCES folder (organisation_id, id) ON DELETE CASCADE,
    CONSTRAINT file_organisation_id_integration_id_fkey FOREIGN KEY(organisation_id, integration_id) REFERENCES integration (organisation_id, id),
    CONSTRAINT file_organisation_id_fkey FOREIGN KEY(organisation_id) REFERENCES organisation (id) ON DELETE CASCADE
)
 PARTITION BY LIST (organisation_id);
CREATE INDEX file_organisation_id_folder_id_id_index ON file (organisation_id, folder_id, id);
CREATE INDEX file_organisation_id_folder_id_name_id_index ON file (organisation_id, folder_id, name, id);
CREATE INDEX file_source ON file (organisation_id, folder_id, source_key) WHERE source_key is not null;

CREATE TABLE folder_ancestor (
    organisation_id UUID NOT NULL,
    folder_id UUID NOT NULL,
    ancestor_id UUID NOT NULL,
    depth INTEGER NOT NULL,
    CONSTRAINT folder_ancestor_pkey PRIMARY KEY (organisation_id, folder_id, ancestor_id),
    CONSTRAINT folder_ancestor_organisation_id_folder_id_fkey FOREIGN KEY(organisation_id, folder_id) REFERENCES folder (organisation_id, id) ON DELETE CASCADE,
    CONSTRAINT folder_ancestor_organisation_id_ancestor_id_fkey FOREIGN KEY(organisation_id, ancestor_id) REFERENCES folder (organisation_id, id) ON DELETE CASCADE
);
CREATE INDEX folder_ancestor_organisation_id_ancestor_id_folder_id_index ON folder_ancestor (organisation_id, ancestor_id, folder_id);

CREATE TABLE folder_grant (
    id UUID NOT NULL,
    organisation_id UUID NOT NULL,
    folder_id UUID NOT NULL,
    user_id UUID,
    group_id UUID,
    role TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT folder_grant_pkey PRIMARY KEY (id),
    CONSTRAINT folder_grant_organisation_id_folder_id_fkey FOREIGN KEY(organisation_id, folder_id) REFERENCES folder (organisation_id, id) ON DELETE CASCADE,
    CONSTRAINT folder_grant_organisation_id_group_id_fkey FOREIGN KEY(organisation_id, group_id) REFERENCES user_group (organisation_id, id) ON DELETE CASCADE,
    CONSTRAINT folder_grant_organisation_id_user_id_fkey FOREIGN KEY(organisation_id, user_id) REFERENCES member (organisation_id, user_id) ON DELETE CASCADE,
    CONSTRAINT folder_grant_organisation_id_folder_id_user_id_group_id_key UNIQUE NULLS NOT DISTINCT (organisation_id, folder_id, user_id, group_id)
);
CREATE INDEX folder_grant_organisation_id_group_id_index ON folder_grant (organisation_id, group_id);
CREATE INDEX folder_grant_organisation_id_user_id_index ON folder_grant (organisation_id, user_id);

CREATE TABLE folder_tag (
    organisation_id UUID NOT NULL,
    folder_id UUID NOT NULL,
    tag_id UUID NOT NULL,
    CONSTRAINT folder_tag_pkey PRIMARY KEY (organisation_id, folder_id, tag_id),
    CONSTRAINT folder_tag_organisation_id_folder_id_fkey FOREIGN KEY(organisation_id, folder_id) REFERENCES folder (organisation_id, id) ON DELETE CASCADE,
    CONSTRAINT folder_tag_organisation_id_tag_id_fkey FOREIGN KEY(organisation_id, tag_id) REFERENCES tag (organisation_id, id) ON DELETE CASCADE
);
CREATE INDEX folder_tag_organisation_id_tag_id_index ON folder_tag (organisation_id, tag_id);

CREATE TABLE group_member (
    organisation_id UUID NOT NULL,
    group_id UUID NOT NULL,
    user_id UUID NOT NULL,
    CONSTRAINT group_member_pkey PRIMARY KEY (organisation_id, group_id, user_id),
    CONSTRAINT group_member_organisation_id_group_id_fkey FOREIGN KEY(organisation_id, group_id) REFERENCES user_group (organisation_id, id) ON DELETE CASCADE,
    CONSTRAINT group_member_organisation_id_user_id_fkey FOREIGN KEY(organisation_id, user_id) REFERENCES member (organisation_id, user_id) ON DELETE CASCADE
);
CREATE INDEX group_member_organisation_id_user_id_index ON group_member (organisation_id, user_id);

CREATE TABLE integration_grant (
    id UUID NOT NULL,
    organisation_id UUID NOT NULL,
    integration_id UUID NOT NULL,
    user_id UUID,
    group_id UUID,
    role TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT integration_grant_pkey PRIMARY KEY (id),
    CONSTRAINT integration_grant_organisation_id_integration_id_fkey FOREIGN KEY(organisation_id, integration_id) REFERENCES integration (organisation_id, id) ON DELETE CASCADE,
    CONSTRAINT integration_grant_organisation_id_group_id_fkey FOREIGN KEY(organisation_id, group_id) REFERENCES user_group (organisation_id, id) ON DELETE CASCADE,
    CONSTRAINT integration_grant_organisation_id_user_id_fkey FOREIGN KEY(organisation_id, user_id) REFERENCES member (organisation_id, user_id) ON DELETE CASCADE,
    CONSTRAINT integration_grant_organisation_id_integration_id_user_i_faba UNIQUE NULLS NOT DISTINCT (organisation_id, integration_id, user_id, group_id)
);
CREATE INDEX integration_grant_organisation_id_user_id_index ON integration_grant (organisation_id, user_id);

CREATE TABLE upload (
    organisation_id UUID NOT NULL,
    id UUID NOT NULL,
    folder_id UUID NOT NULL,
    purpose TEXT NOT NULL,
    type VARCHAR,
    file_name VARCHAR NOT NULL,
    content_type VARCHAR NOT NULL,
    object_key VARCHAR NOT NULL,
    byte_size BIGINT,
    received_byte_size BIGINT NOT NULL,
    state TEXT NOT NULL,
    created_by UUID NOT NULL,
    revision INTEGER NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT upload_pkey PRIMARY KEY (organisation_id, id),
    CONSTRAINT upload_organisation_id_folder_id_fkey FOREIGN KEY(organisation_id, folder_id) REFERENCES folder (organisation_id, id) ON DELETE CASCADE,
    CONSTRAINT upload_organisation_id_fkey FOREIGN KEY(organisation_id) REFERENCES organisation (id) ON DELETE CASCADE
);
CREATE INDEX upload_organisation_id_folder_id_id_index ON upload (organisation_id, folder_id, id);

CREATE TABLE upload_job (
    organisation_id UUID NOT NULL,
    id UUID NOT NULL,
    folder_id UUID NOT NULL,
    integration_id UUID,
    created_by UUID NOT NULL,
    status TEXT NOT NULL,
    phase TEXT NOT NULL,
    ignore_errors BOOLEAN NOT NULL,
    skip_duplicate_urls BOOLEAN NOT NULL,
    upsert_metadata BOOLEAN NOT NULL,
    file_name VARCHAR,
    format TEXT NOT NULL,
    document_key VARCHAR NOT NULL,
    unit_count INTEGER NOT NULL,
    done_count INTEGER NOT NULL,
    error_count INTEGER NOT NULL,
    cancelled_count INTEGER NOT NULL,
    next_index INTEGER NOT NULL,
    errors JSONB NOT NULL,
    revision INTEGER NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    finished_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT upload_job_pkey PRIMARY KEY (organisation_id, id),
    CONSTRAINT upload_job_organisation_id_folder_id_fkey FOREIGN KEY(organisation_id, folder_id) REFERENCES folder (organisation_id, id) ON DELETE CASCADE,
    CONSTRAINT upload_job_organisation_id_fkey FOREIGN KEY(organisation_id) REFERENCES organisation (id) ON DELETE CASCADE
);
CREATE INDEX upload_job_organisation_id_folder_id_id_index ON upload_job (organisation_id, folder_id, id);

CREATE TABLE file_document (
    organisation_id UUID NOT NULL,
    file_id UUID NOT NULL,
    document JSONB NOT NULL,
    byte_size INTEGER NOT NULL,
    dicom_tags JSONB,
    layout JSONB,
    CONSTRAINT file_document_pkey PRIMARY KEY (organisation_id, file_id),
    CONSTRAINT file_document_organisation_id_file_id_fkey FOREIGN KEY(organisation_id, file_id) REFERENCES file (organisation_id, id) ON DELETE CASCADE
);

CREATE TABLE file_member (
    organisation_id UUID NOT NULL,
    composite_id UUID NOT NULL,
    position INTEGER NOT NULL,
    member_id UUID NOT NULL,
    key VARCHAR,
    CONSTRAINT file_member_pkey PRIMARY KEY (organisation_id, composite_id, position),
    CONSTRAINT file_member_organisation_id_composite_id_fkey FOREIGN KEY(organisation_id, composite_id) REFERENCES file (organisation_id, id) ON DELETE CASCADE,
    CONSTRAINT file_member_organisation_id_member_id_fkey FOREIGN KEY(organisation_id, member_id) REFERENCES file (organisation_id, id) ON DELETE CASCADE
);
CREATE INDEX file_member_organisation_id_member_id_index ON file_member (organisation_id, member_id);

CREATE TABLE file_text (
    organisation_id UUID NOT NULL,
    file_id UUID NOT NULL,
    key_number INTEGER NOT NULL,
    document TSVECTOR NOT NULL,
    CONSTRAINT file_text_pkey PRIMARY KEY (organisation_id, file_id, key_number),
    CONSTRAINT file_text_organisation_id_file_id_fkey FOREIGN KEY(organisation_id, file_id) REFERENCES file (organisation_id, id) ON DELETE CASCADE
);
CREATE INDEX file_text_document_index ON file_text USING gin (document);

CREATE TABLE file_type_error (
    organisation_id UUID NOT NULL,
    file_id UUID NOT NULL,
    key_number INTEGER NOT NULL,
    frame INTEGER NOT NULL,
    found VARCHAR NOT NULL,
    CONSTRAINT file_type_error_pkey PRIMARY KEY (organisation_id, file_id, key_number, frame),
    CONSTRAINT file_type_error_organisation_id_file_id_fkey FOREIGN KEY(organisation_id, file_id) REFERENCES file (organisation_id, id) ON DELETE CASCADE
);
CREATE INDEX file_type_error_organisation_id_key_number_file_id_index ON file_type_error (organisation_id, key_number, file_id);

CREATE TABLE upload_unit (
    organisation_id UUID NOT NULL,
    job_id UUID NOT NULL,
    index INTEGER NOT NULL,
    kind VARCHAR NOT NULL,
    location VARCHAR NOT NULL,
    payload VARCHAR NOT NULL,
    state TEXT NOT NULL,
    result TEXT,
    attempt_count INTEGER NOT NULL,
    file_id UUID,
    name VARCHAR,
    error_code VARCHAR,
    error_message VARCHAR,
    is_retryable BOOLEAN,
    CONSTRAINT upload_unit_pkey PRIMARY KEY (organisation_id, job_id, index),
    CONSTRAINT upload_unit_organisation_id_job_id_fkey FOREIGN KEY(organisation_id, job_id) REFERENCES upload_job (organisation_id, id) ON DELETE CASCADE
);
CREATE INDEX upload_unit_error ON upload_unit (organisation_id, job_id, index) WHERE state = 'ERROR';

create table file_part_default partition of file default;
insert into relay_state (id, epoch, position, floor) values (1, gen_random_uuid(), 0, 0);

-- Who may touch what. Rows are narrowed by the policies below.

grant usage on schema public to labelgraph_app, labelgraph_relay;
grant select, insert, update, delete on
    organisation, app_user, member, user_group, group_member, api_token, public_key, browser_session, tag,
    idempotency, metadata_schema, metadata_key, folder, folder_ancestor, folder_grant, folder_tag,
    integration, integration_grant, file, file_part_default, file_document, file_text, file_type_error,
    file_member, upload, upload_job, upload_unit
to labelgraph_app;
grant select, insert on outbox to labelgraph_app;
grant select on relay_state to labelgraph_app;

grant select on organisation, app_user, member, api_token, public_key, browser_session to labelgraph_relay;
grant update (last_used_at) on api_token to labelgraph_relay;
grant update (password_hash) on app_user to labelgraph_relay;
grant insert, delete on browser_session to labelgraph_relay;
grant select, insert, delete on seen_signature to labelgraph_relay;
grant select (created_at), delete on idempotency to labelgraph_relay;
grant select, update, delete on outbox to labelgraph_relay;
grant select, update on relay_state to labelgraph_relay;

-- The tenant of the transaction; null outside of one, so that nothing is seen.

create function app_organisation_id() returns uuid
    language sql stable parallel safe
    return nullif(current_setting('app.organisation_id', true), '')::uuid;
create function app_user_id() returns uuid
    language sql stable parallel safe
    return nullif(current_setting('app.user_id', true), '')::uuid;

do $$
declare
    tenant_table text;
begin
    foreach tenant_table in array array[
        'user_group', 'group_member', 'api_token', 'tag', 'idempotency', 'outbox', 'metadata_schema',
        'metadata_key', 'folder', 'folder_ancestor', 'folder_grant', 'folder_tag', 'integration',
        'integration_grant', 'file', 'file_part_default', 'file_document', 'file_text', 'file_type_error',
        'file_member', 'upload', 'upload_job', 'upload_unit'
    ] loop
        execute format(
            'create policy tenant on %I to labelgraph_app'
            ' using (organisation_id = app_organisation_id())'
            ' with check (organisation_id = app_organisation_id())', tenant_table);
    end loop;
end
$$;

-- One sees all of one's organisations, but changes the current one alone; only sessions move between them.
create policy tenant on member to labelgraph_app
    using (organisation_id = app_organisation_id())
    with check (organisation_id = app_organisation_id());
create policy own on member for select to labelgraph_app using (user_id = app_user_id());
create policy tenant on organisation to labelgraph_app
    using (id = app_organisation_id())
    with check (id = app_organisation_id());
create policy own on organisation for select to labelgraph_app
    using (id in (select m.organisation_id from member m where m.user_id = app_user_id()));
create policy tenant on browser_session to labelgraph_app
    using (user_id = app_user_id() or organisation_id = app_organisation_id())
    with check (user_id = app_user_id()
        and organisation_id in (select m.organisation_id from member m where m.user_id = app_user_id()));

-- People stand outside of the tenants: one sees oneself and the members of one's organisation.
create policy seen on app_user for select to labelgraph_app
    using (id = app_user_id()
        or id in (select m.user_id from member m where m.organisation_id = app_organisation_id()));
create policy added on app_user for insert to labelgraph_app with check (true);
create policy own on app_user for update to labelgraph_app using (id = app_user_id());
create policy own on public_key to labelgraph_app
    using (user_id = app_user_id()) with check (user_id = app_user_id());

do $$
declare
    system_table text;
begin
    foreach system_table in array array[
        'organisation', 'app_user', 'member', 'api_token', 'public_key', 'browser_session', 'outbox',
        'idempotency'
    ] loop
        execute format(
            'create policy system on %I to labelgraph_relay using (true) with check (true)', system_table);
    end loop;
end
$$;

do $$
declare
    walled record;
begin
    for walled in
        select distinct p.polrelid::regclass as relation from pg_policy p
    loop
        execute format('alter table %s enable row level security', walled.relation);
        execute format('alter table %s force row level security', walled.relation);
    end loop;
end
$$;

-- A new member is named by e-mail, also when the account is another organisation's.
create function user_id_by_email(address text) returns uuid
    language sql stable security definer set search_path = public, pg_temp
    return (select id from app_user where email = lower(address));
-- A revocation ends running subscriptions, also those of a user whose row the caller may not change.
create function raise_auth_epoch(member_id uuid) returns void
    language sql security definer set search_path = public, pg_temp
    begin atomic
        update app_user set auth_epoch = auth_epoch + 1
        where id = member_id
            and exists (select 1 from member m
                where m.user_id = member_id and m.organisation_id = app_organisation_id());
    end;
grant update (auth_epoch) on app_user to labelgraph_relay;
grant create on schema public to labelgraph_relay;
alter function user_id_by_email(text) owner to labelgraph_relay;
alter function raise_auth_epoch(uuid) owner to labelgraph_relay;
revoke create on schema public from labelgraph_relay;
revoke execute on function user_id_by_email(text), raise_auth_epoch(uuid) from public;
grant execute on function user_id_by_email(text), raise_auth_epoch(uuid) to labelgraph_app;
