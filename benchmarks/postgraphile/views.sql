-- What PostGraphile serves: files and folders under the predicate of app/files/access.py, for the actor that
-- the settings of the transaction name. `security_invoker`: row security holds for whoever asks.
create schema bench;

create view bench.file with (security_invoker = true) as
select f.organisation_id, f.id, f.folder_id, f.name, f.description, f.type, f.storage_location, f.url, f.byte_size,
    f.mime_type, f.width, f.height, f.fps, f.duration_seconds, f.frame_count, f.revision, f.created_at, f.updated_at
from public.file f
where f.organisation_id = app_organisation_id() and not f.is_component and f.folder_id in (
    select a.folder_id
    from public.folder_ancestor a
    join public.folder_grant g on g.organisation_id = a.organisation_id and g.folder_id = a.ancestor_id
    where a.organisation_id = app_organisation_id() and g.organisation_id = app_organisation_id()
    and (g.user_id = app_user_id() or g.group_id in (
        select group_id from public.group_member
        where organisation_id = app_organisation_id() and user_id = app_user_id())));

create view bench.folder with (security_invoker = true) as
select organisation_id, id, name from public.folder where organisation_id = app_organisation_id();

comment on view bench.folder is E'@primaryKey id';
comment on view bench.file is
    E'@primaryKey id\n@foreignKey (folder_id) references bench.folder (id)|@fieldName folder';

grant usage on schema bench to labelgraph_app;
grant select on all tables in schema bench to labelgraph_app;
