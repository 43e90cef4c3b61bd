#!/bin/sh
# The service connects as a plain owner of its database: row security between tenants does not hold for a superuser.
set -eu
psql -v ON_ERROR_STOP=1 -v password="$POSTGRES_PASSWORD" -U postgres -d postgres <<'SQL'
create role countersign login password :'password';
create database countersign owner countersign;
SQL
