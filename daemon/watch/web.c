/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/web.h"

#include <errno.h>

#include "clock.h"
#include "log.h"
#include "watch/alarm.h"

static int on_second(sd_event_source *s, uint64_t usec, void *userdata);

static bool is_open(const struct web *w)
{
        return w->doors.count > 0;
}

/* Sockets that speak TLS go on speaking it, and others do not begin. */
static int check_encryption(const struct web *w, const struct web_config *c, struct errors *errors)
{
        bool encrypted = is_open(w) && http_server_encrypted(w->doors.servers[0]);

        if (!is_open(w) || encrypted == (c->tls != NULL))
                return 0;
        errors_add(errors, "%s: tls_server_config was %s: that needs a restart", w->path,
                encrypted ? "removed" : "added");
        return -EBADMSG;
}

int web_read(struct web *w, struct errors *errors)
{
        _cleanup_(web_config_unrefp) struct web_config *config = NULL;
        _cleanup_(web_files_done) struct web_files files = {0};
        int r;

        if (!w->path)
                return 0;
        r = web_load(w->path, &config, &files, errors);
        if (r >= 0)
                r = check_encryption(w, config, errors);
        if (r < 0)
                return r;
        web_config_unref(w->read);
        web_files_done(&w->read_files);
        w->read = take_ptr(config);
        w->read_files = files;
        files = (struct web_files){0};
        return 0;
}

void web_publish(struct web *w)
{
        if (!w->read)
                return;
        handover_publish_web(w->handover, take_ptr(w->read));
        web_files_done(&w->files);
        w->files = w->read_files;
        w->read_files = (struct web_files){0};
}

/* Errors are told once: until a file is yet another, the same are to be expected. */
static void look(struct web *w)
{
        _cleanup_errors_ struct errors errors = {0};
        uint64_t stamp = web_files_stamp(&w->files);

        if (stamp == w->files.stamp)
                return;
        w->files.stamp = stamp;
        if (web_read(w, &errors) >= 0) {
                web_publish(w);
                log_event(LOG_NOTICE, LOG_ID_RELOADED, NULL,
                        "%s or a file that it names has changed: in use for new connections and "
                        "requests",
                        w->path);
                return;
        }
        for (size_t i = 0; i < errors.count; i++)
                log_event(LOG_ERR, LOG_ID_RELOAD_FAILED, NULL, "%s", errors.messages[i]);
        log_event(LOG_ERR, LOG_ID_RELOAD_FAILED, NULL,
                "%s has changed and was refused: going on with what is in use", w->path);
}

static void set_timer(struct web *w, sd_event *event)
{
        int r = alarm_set(
                event, &w->timer, clock_usec(CLOCK_BOOTTIME) + USEC_PER_SEC, on_second, "web", w);

        if (r < 0)
                log_error("cannot set the timer of the web server: %s; slow clients are not cut "
                          "any more, and changed certificates read at a reload only",
                        strerror(-r));
}

static int on_second(sd_event_source *s, uint64_t usec, void *userdata)
{
        struct web *w = userdata;
        usec_t now = clock_usec(CLOCK_MONOTONIC);

        doors_sweep(&w->doors);
        if (w->path && now >= w->look_due) {
                look(w);
                w->look_due = now + WEB_LOOK_PAUSE;
        }
        set_timer(w, sd_event_source_get_event(s));
        return 0;
}

static void log_door(const struct http_server *s, const char *address)
{
        const char *encrypted = http_server_encrypted(s) ? ", with TLS" : "";
        unsigned port = http_server_port(s);

        if (port > 0)
                log_info("listening on %s, port %u%s", address, port, encrypted);
        else
                log_info("listening on %s%s", address, encrypted);
}

int web_open(struct web *w, sd_event *event, const struct web_options *options)
{
        _cleanup_error_ struct error error = {0};
        int r = doors_open(&w->doors, options->addresses, options->address_count,
                options->systemd_socket, w->handover, &error);

        for (size_t i = 0; i < w->doors.count; i++)
                log_door(w->doors.servers[i],
                        w->doors.passed ? "a socket of the service manager"
                                        : options->addresses[i]);
        if (r < 0)
                log_error("%s", error_text(&error, r));
        else
                set_timer(w, event);
        return r;
}

void web_done(struct web *w)
{
        sd_event_source_disable_unref(w->timer);
        doors_done(&w->doors);
        web_config_unref(w->read);
        web_files_done(&w->files);
        web_files_done(&w->read_files);
}
