# The database: reached through its service, rows that outlive pods and volumes, backups that are proven.

database() { "$kubectl" -n postgres exec postgres-0 -c postgres -- psql -X -q -A -t -v ON_ERROR_STOP=1 -h /var/run/postgresql -U postgres -d app -c "$1"; }
# From another pod, by name and TLS, as an application would.
through_service() {
  "$kubectl" -n postgres exec postgres-repository-0 -c keeper -- sh -c "PGPASSWORD=\$1 psql -X -q -A -t 'host=postgres.postgres.svc.cluster.local user=app dbname=app sslmode=verify-full sslrootcert=/etc/postgres/tls/ca.crt' -c \"\$2\"" sh "$password" "$1"
}
password=$("$kubectl" -n postgres get secret postgres-passwords -o 'jsonpath={.data.database}' | base64 -d)
row_count() { database 'select count(*) from kept'; }
fingerprint() { database "select count(*) || ' ' || coalesce(sum(('x' || substr(md5(k::text), 1, 15))::bit(60)::bigint), 0) from kept k"; }
node_of() { "$kubectl" -n postgres get pod "$1" -o 'jsonpath={.spec.nodeName}'; }
other_node() { [ "$(node_of postgres-0)" != "$(node_of postgres-repository-0)" ]; }

check "postgres: psql through the service, by name and TLS" equals 1 through_service 'select 1'
plain_text() { ! "$kubectl" -n postgres exec postgres-repository-0 -c keeper -- sh -c "PGPASSWORD=\$1 psql 'host=postgres.postgres.svc.cluster.local user=app dbname=app sslmode=disable' -c 'select 1'" sh "$password"; }
check "postgres: a connection without TLS is refused" plain_text
check "postgres: the backup repository is on another node than the data" other_node
first_backup() { run_json backups backup list "$spec" && json "$work/backups.json" 'len(d["backups"]) >= 1 and d["backups"][0]["type"] == "full"'; }
check "postgres: there is a full backup" eventually 120 first_backup

database 'create table if not exists kept (id bigint generated always as identity, said text, at timestamptz default now())' >/dev/null
database "insert into kept (said) select md5(i::text) from generate_series(1, 2000) i" >/dev/null
before=$(fingerprint)
"$kubectl" -n postgres delete pod postgres-0 --wait=true >/dev/null
ready() { "$kubectl" -n postgres wait --for=condition=Ready pod/postgres-0 --timeout=10s; }
check "postgres: its pod deleted, it comes back" eventually 180 ready
check "postgres: with every row" equals "$before" fingerprint

check "postgres: an incremental backup by hand" run_json create backup create "$spec" --incremental
check "postgres: it is listed with its size" json "$work/create.json" 'd["backup"]["type"] == "incr" and d["backup"]["size"] > 1000000'

check "postgres: a drill restores the newest backup beside the live database, equal table by table" run_json drill backup drill "$spec"
json "$work/drill.json" '"      drill: %(tables)s tables, %(rows)s rows; RPO %(rpo_seconds)s s, RTO %(rto_seconds)s s, in all %(seconds).0f s" % d["drill"]'
check "postgres: the drill counted the rows" json "$work/drill.json" 'd["drill"]["passed"] and d["drill"]["rows"] >= 2000'
check "postgres: the drill is recorded with its date" json "$work/drill.json" 'len(d["drill"]["time"]) == 20'
"$slipway" backup list "$spec" --output json >"$work/backups.json" 2>/dev/null
check "postgres: the list names the drilled backup" json "$work/backups.json" 'any(b["drilled"] for b in d["backups"]) and d["drill"]["passed"]'
nothing_left() { equals "" "$kubectl" -n postgres get jobs -o 'jsonpath={range .items[?(@.metadata.annotations.cronjob\.kubernetes\.io/instantiate=="manual")]}{.metadata.name}{end}'; }
check "postgres: the drill removed what it made" nothing_left

# --- the data directory destroyed -------------------------------------------------------------------------------------
database "insert into kept (said) select 'archived ' || i from generate_series(1, 500) i" >/dev/null
segment=$(database 'select pg_walfile_name(pg_switch_wal())')
archived() { [ "$(database "select coalesce(last_archived_wal, '') >= '$segment' from pg_stat_archiver")" = t ]; }
check "postgres: the newest WAL is archived" eventually 60 archived
before=$(fingerprint)
"$kubectl" -n postgres exec postgres-0 -c postgres -- sh -c 'rm -rf /var/lib/postgresql/data/pgdata' >/dev/null
"$kubectl" -n postgres delete pod postgres-0 --grace-period=5 --wait=true >/dev/null 2>&1
waits() { "$kubectl" -n postgres logs postgres-0 -c postgres --tail=20 | grep -q 'no empty database is made'; }
check "postgres: data destroyed: no empty database is made in its place" eventually 120 waits
begun=$SECONDS
check "postgres: data destroyed: restore" run_json restore backup restore "$spec"
echo "      restore to the first write: $((SECONDS - begun)) s"
check "postgres: data destroyed: every committed row is back" equals "$before" fingerprint
check "postgres: it takes writes again" database "insert into kept (said) values ('after')"
check "postgres: restored over a living database only with approval" exits 4 "$slipway" backup restore "$spec"
check "postgres: a plan right after has nothing to do" eventually 60 exits 0 "$slipway" plan "$spec" --detailed-exitcode --target 'addon/postgres*'

# --- a damaged backup -------------------------------------------------------------------------------------------------
check "postgres: a full backup by hand" run_json create backup create "$spec"
label=$(python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))["backup"]["label"])' "$work/create.json")
in_repository() { "$kubectl" -n postgres exec postgres-repository-0 -c keeper -- sh -c "$1"; }
victim=$(in_repository "find /var/lib/pgbackrest/repository/backup/main/$label/pg_data/base -name '*.zst' -size +20k | head -n 1")
in_repository "cp $victim /tmp/intact && printf damage | dd of=$victim bs=1 seek=3000 conv=notrunc 2>/dev/null"
check "postgres: a drill with a damaged backup fails" exits 1 "$slipway" backup drill "$spec"
doctor_says() { ! "$slipway" doctor "$spec" >"$work/doctor.txt" && grep -q 'drill failed' "$work/doctor.txt"; }
check "postgres: doctor says so" doctor_says
in_repository "cp /tmp/intact $victim"
check "postgres: mended, the drill passes again" run_json drill backup drill "$spec"
