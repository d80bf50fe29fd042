/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The SQLite file of a state: opened, checked, brought up to date and set aside. It trusts nothing
 * in the file, waits for nobody who has it locked, and knows one table. Which rows there are and
 * when they are written is state.h's business. */

#include <sqlite3.h>
#include <stdbool.h>

#include "error.h"

enum statement {
        STATEMENT_PUT,
        STATEMENT_REMOVE,
        STATEMENT_BEGIN,
        STATEMENT_COMMIT,
        STATEMENT_ROLLBACK,
        STATEMENT_COUNT,
};

struct database {
        sqlite3 *db; /* NULL while it is not open */
        sqlite3_stmt *statements[STATEMENT_COUNT];
        int log_pages; /* written, and not moved into the file yet */
        bool lazy; /* commits do not wait for the disk */
};

/* Opens it, or begins it. -EBADMSG: it is damaged; -EPROTONOSUPPORT: of a newer version; another
 * negative errno: neither can be said now. Always with a sentence. */
_must_check_ int database_open(const char *path, struct database *ret, struct error *e);
/* The same to be read alone; it is not changed. */
_must_check_ int database_open_to_read(const char *path, struct database *ret, struct error *e);
/* The same where the disk is full or read-only, so that SQLite's own files can be neither made nor
 * locked: nobody else may have it open, and it has to be closed before this process opens it in
 * another way. */
_must_check_ int database_open_stranded(const char *path, struct database *ret, struct error *e);
void database_close(struct database *d);
/* Renames the file and what belongs to it. */
_must_check_ int database_set_aside(const char *path, const char *suffix);
/* Whether the file is not where it was opened any more. */
bool database_moved(const struct database *d);
/* Runs a statement that has been bound, or has nothing to bind; SQLITE_OK when it is done. */
int database_run(struct database *d, enum statement which);
/* Within a transaction: begins the table anew, and the old one is called `damaged` until it is
 * dropped. What SQLite returned. */
int database_renew(struct database *d);
int database_renewed(struct database *d);
/* Puts the row that `from` is at: kind, key, value, sum, as the file has them. */
int database_copy(struct database *d, sqlite3_stmt *from);
/* Whether the next commits wait for the disk. */
int database_set_lazy(struct database *d, bool lazy);
/* A negative errno for what SQLite returned, with a sentence. */
int database_complain(
        const struct database *d, const char *path, int rc, const char *what, struct error *e);
