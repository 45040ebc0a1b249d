// SPDX-License-Identifier: Apache-2.0
// Handshakes in memory with a client of OpenSSL; the certificate is made on the spot.
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

#include "crypto/crypto.h"

static struct {
    char folder[64], certificate[96], key[96], other[96];
} paths;

static void write_key(const char *path, EVP_PKEY *key, mode_t mode)
{
    FILE *file = fopen(path, "w");

    CHECK(file != NULL && PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1);
    fclose(file);
    chmod(path, mode);
}

static void make_certificate(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256"), *other = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    X509_NAME *name = X509_get_subject_name(certificate);
    FILE *file = fopen(paths.certificate, "w");

    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"localhost", -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    CHECK(X509_sign(certificate, key, EVP_sha256()) > 0);
    CHECK(file != NULL && PEM_write_X509(file, certificate) == 1);
    fclose(file);
    write_key(paths.key, key, 0600);
    write_key(paths.other, other, 0600);
    X509_free(certificate);
    EVP_PKEY_free(key);
    EVP_PKEY_free(other);
}

// Shakes hands with a client made by the caller; true when both sides are done.
static bool shake_hands(SSL_CTX *server_context, SSL *client, SSL **server)
{
    BIO *client_end, *server_end;
    int client_rc = 0, server_rc = 0;

    BIO_new_bio_pair(&client_end, 0, &server_end, 0);
    *server = SSL_new(server_context);
    SSL_set_bio(client, client_end, client_end);
    SSL_set_bio(*server, server_end, server_end);
    SSL_set_connect_state(client);
    SSL_set_accept_state(*server);
    for (int i = 0; i < 20 && (client_rc != 1 || server_rc != 1); i++) {
        client_rc = SSL_do_handshake(client);
        server_rc = SSL_do_handshake(*server);
    }
    return client_rc == 1 && server_rc == 1;
}

struct outcome {
    bool shaken;
    char protocol[16], cipher[64];
    int version;
};

// alpn is in wire form: each name after its length.
static struct outcome handshake(int version, const char *ciphers, const char *alpn)
{
    struct err err = {0};
    SSL_CTX *server_context = tls_server_create(paths.certificate, paths.key, &err),
            *client_context = SSL_CTX_new(TLS_client_method());
    struct outcome outcome = {0};
    const unsigned char *chosen;
    unsigned chosen_len;
    SSL *client, *server;

    CHECK_OK(server_context != NULL, &err);
    SSL_CTX_set_security_level(client_context, 0); // so that it dares to ask for the old
    SSL_CTX_set_min_proto_version(client_context, version);
    SSL_CTX_set_max_proto_version(client_context, version);
    if (ciphers != NULL)
        CHECK(SSL_CTX_set_cipher_list(client_context, ciphers) == 1);
    client = SSL_new(client_context);
    if (alpn != NULL)
        SSL_set_alpn_protos(client, (const unsigned char *)alpn, (unsigned)strlen(alpn));
    outcome.shaken = shake_hands(server_context, client, &server);
    outcome.version = SSL_version(server);
    SSL_get0_alpn_selected(client, &chosen, &chosen_len);
    snprintf(outcome.protocol, sizeof outcome.protocol, "%.*s", (int)chosen_len, (const char *)chosen);
    snprintf(outcome.cipher, sizeof outcome.cipher, "%s", SSL_get_cipher_name(server));
    SSL_free(client);
    SSL_free(server);
    SSL_CTX_free(client_context);
    tls_server_destroy(server_context);
    return outcome;
}

static void versions_before_1_2_are_refused(void)
{
    CHECK(!handshake(TLS1_VERSION, "ALL:@SECLEVEL=0", NULL).shaken);
    CHECK(!handshake(TLS1_1_VERSION, "ALL:@SECLEVEL=0", NULL).shaken);
}

static void weak_suites_are_refused(void)
{
    CHECK(!handshake(TLS1_2_VERSION, "AES128-SHA:AES256-GCM-SHA384", NULL).shaken);
    CHECK(!handshake(TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA", NULL).shaken);
}

static void tls_1_2_and_1_3_work_and_http2_is_preferred(void)
{
    struct outcome outcome = handshake(TLS1_3_VERSION, NULL, "\x08http/1.1\x02h2");

    CHECK(outcome.shaken && outcome.version == TLS1_3_VERSION);
    CHECK(strcmp(outcome.protocol, "h2") == 0);
    outcome = handshake(TLS1_2_VERSION, NULL, "\x08http/1.1");
    CHECK(outcome.shaken && outcome.version == TLS1_2_VERSION);
    CHECK(strcmp(outcome.protocol, "http/1.1") == 0 && strstr(outcome.cipher, "ECDHE") != NULL);
}

static void a_client_without_alpn_is_served_and_one_with_a_foreign_protocol_is_not(void)
{
    CHECK(handshake(TLS1_3_VERSION, NULL, NULL).shaken);
    CHECK(!handshake(TLS1_3_VERSION, NULL, "\x04smtp").shaken);
}

static void early_data_is_off_and_renegotiation_refused(void)
{
    struct err err = {0};
    SSL_CTX *context = tls_server_create(paths.certificate, paths.key, &err);

    CHECK_OK(context != NULL, &err);
    CHECK(SSL_CTX_get_max_early_data(context) == 0);
    CHECK((SSL_CTX_get_options(context) & SSL_OP_NO_RENEGOTIATION) != 0);
    CHECK((SSL_CTX_get_options(context) & SSL_OP_NO_COMPRESSION) != 0);
    CHECK((SSL_CTX_get_options(context) & SSL_OP_NO_TICKET) == 0);
    tls_server_destroy(context);
}

static void refused(const char *certificate, const char *key, enum err_code code, const char *word)
{
    struct err err = {0};

    CHECK(tls_server_create(certificate, key, &err) == NULL);
    CHECK(err.code == code);
    CHECK_OK(strstr(err.text, word) != NULL, &err);
}

static void wrong_files_are_refused_with_their_reason(void)
{
    refused(paths.certificate, "/nonexistent", ERR_IO, "/nonexistent");
    refused(paths.certificate, paths.folder, ERR_INPUT, "not a file");
    refused("/nonexistent", paths.key, ERR_INPUT, "certificate /nonexistent");
    refused(paths.key, paths.key, ERR_INPUT, "certificate");
    refused(paths.certificate, paths.other, ERR_INPUT, paths.other);
    CHECK(chmod(paths.key, 0644) == 0);
    refused(paths.certificate, paths.key, ERR_DENIED, "others");
    CHECK(chmod(paths.key, 0600) == 0);
}

int main(void)
{
    snprintf(paths.folder, sizeof paths.folder, "/tmp/shuyuan-tls-XXXXXX");
    if (mkdtemp(paths.folder) == NULL)
        return 1;
    snprintf(paths.certificate, sizeof paths.certificate, "%s/chain.pem", paths.folder);
    snprintf(paths.key, sizeof paths.key, "%s/key.pem", paths.folder);
    snprintf(paths.other, sizeof paths.other, "%s/other.pem", paths.folder);
    make_certificate();
    RUN(versions_before_1_2_are_refused);
    RUN(weak_suites_are_refused);
    RUN(tls_1_2_and_1_3_work_and_http2_is_preferred);
    RUN(a_client_without_alpn_is_served_and_one_with_a_foreign_protocol_is_not);
    RUN(early_data_is_off_and_renegotiation_refused);
    RUN(wrong_files_are_refused_with_their_reason);
    unlink(paths.certificate);
    unlink(paths.key);
    unlink(paths.other);
    rmdir(paths.folder);
    return check_report("tls");
}
