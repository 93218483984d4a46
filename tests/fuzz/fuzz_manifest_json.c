// SPDX-License-Identifier: ISC
/* A manifest.json from anywhere: what is accepted is a manifest that tenders accept, and can be
 * written. */
#include "host/cli/manifest_json.h"
#include "host/cli/manifest_source.h"
#include "host/tender/manifest.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tender_error error;
    struct mft *mft;
    char *text;
    size_t text_size;
    FILE *out;

    if (manifest_load(fuzz_file(data, size), &mft, &error) < 0)
        return 0;
    FUZZ_EXPECT(manifest_check(mft, MFT_SIZE(mft->entries), "it", &error) == 0);
    out = open_memstream(&text, &text_size);
    FUZZ_EXPECT(out != NULL);
    manifest_source(out, mft);
    fclose(out);
    free(text);
    free(mft);
    return 0;
}
