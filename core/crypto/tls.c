// SPDX-License-Identifier: Apache-2.0
// The server side of TLS. 0-RTT stays off (OpenSSL's default), so no request is replayed.
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/stat.h>

#include "crypto/crypto.h"

// What a server of today needs and no more: forward secrecy and authenticated encryption.
static const char ciphers_of_1_2[] = "ECDHE+AESGCM:ECDHE+CHACHA20";

static bool fail(struct err *err, const char *what, const char *path)
{
    unsigned long code = ERR_get_error();
    const char *reason = code != 0 ? ERR_reason_error_string(code) : NULL;

    ERR_clear_error();
    return err_set(err, ERR_INPUT, "%s %s: %s", what, path, reason != NULL ? reason : "refused");
}

static bool key_is_private(const char *path, struct err *err)
{
    struct stat info;

    if (stat(path, &info) != 0)
        return err_set(err, ERR_IO, "the TLS key %s: %s", path, strerror(errno));
    if (!S_ISREG(info.st_mode))
        return err_set(err, ERR_INPUT, "the TLS key %s is not a file", path);
    // Debian's ssl-cert group may read keys in /etc/ssl/private; the world may not.
    if ((info.st_mode & 027) != 0)
        return err_set(err, ERR_DENIED, "the TLS key %s may be used by others (mode %03o)", path,
                       (unsigned)(info.st_mode & 0777));
    return true;
}

static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                           const unsigned char *in, unsigned in_len, void *context)
{
    static const unsigned char ours[] = "\x02h2\x08http/1.1";

    (void)ssl;
    (void)context;
    return SSL_select_next_proto((unsigned char **)out, out_len, ours, sizeof ours - 1, in,
                                 in_len) == OPENSSL_NPN_NEGOTIATED
               ? SSL_TLSEXT_ERR_OK
               : SSL_TLSEXT_ERR_ALERT_FATAL; // RFC 7301 section 3.2
}

// A key under a pass phrase would make OpenSSL ask on the terminal, and hang a service.
static int no_phrase(char *text, int size, int writing, void *context)
{
    (void)text;
    (void)size;
    (void)writing;
    (void)context;
    return -1;
}

struct ssl_ctx_st *tls_server_create(const char *certificate, const char *key, struct err *err)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    bool done = false;

    if (!key_is_private(key, err))
        goto out;
    SSL_CTX_set_default_passwd_cb(context, no_phrase);
    SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_id_context(context, (const unsigned char *)"shuyuan", 7);
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
    if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_cipher_list(context, ciphers_of_1_2) != 1)
        fail(err, "set up", "TLS");
    else if (SSL_CTX_use_certificate_chain_file(context, certificate) != 1)
        fail(err, "read the TLS certificate", certificate);
    else if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1)
        fail(err, "read the TLS key", key);
    else
        done = SSL_CTX_check_private_key(context) == 1 ||
               fail(err, "the certificate does not belong to the TLS key", key);
out:
    if (!done) {
        tls_server_destroy(context);
        context = NULL;
    }
    return context;
}

void tls_server_destroy(struct ssl_ctx_st *context)
{
    SSL_CTX_free(context);
}
