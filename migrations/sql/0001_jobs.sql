-- The job library's tables belong to no organisation: a job carries its organisation in its arguments.
grant select, insert, update, delete on
    procrastinate_jobs, procrastinate_workers, procrastinate_periodic_defers, procrastinate_events
to labelgraph_app;
grant usage on all sequences in schema public to labelgraph_app;
grant select on alembic_version to labelgraph_app, labelgraph_relay;
-- for /readyz and /metrics, whose look-ups do not wait behind requests
grant select on procrastinate_jobs, procrastinate_workers to labelgraph_relay;
