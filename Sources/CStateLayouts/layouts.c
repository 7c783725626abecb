// In C, for #embed: as array literals of Swift these bytes take 25 s of a release build.
#include "CStateLayouts.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

// The order decides: of two layouts that a state fits equally, the first is taken.
static const uint8_t layouts[] = {
#embed "../StateLayout/Layouts/mtty.ksy" suffix(, 0,)
#embed "../StateLayout/Layouts/mlx5.ksy" suffix(, 0,)
#embed "../StateLayout/Layouts/mlx5_raw.ksy" suffix(, 0,)
#embed "../StateLayout/Layouts/hisi_acc_v1.ksy" suffix(, 0,)
#embed "../StateLayout/Layouts/hisi_acc_v2.ksy" suffix(, 0,)
#embed "../StateLayout/Layouts/virtio.ksy" suffix(, 0,)
#embed "../StateLayout/Layouts/qat.ksy" suffix(, 0,)
#embed "../StateLayout/Layouts/pds.ksy" suffix(, 0,)
#embed "../StateLayout/Layouts/xe.ksy" suffix(, 0,)
#embed "../StateLayout/Layouts/igb.ksy" suffix(, 0,)
#embed "../StateLayout/Layouts/nvme_tp4159.ksy" suffix(, 0,)
#embed "../StateLayout/Layouts/nvme_linux_rfc.ksy" suffix(, 0,)
#embed "../StateLayout/Layouts/dms.ksy" suffix(, 0,)
};

const uint8_t *ferry_layouts(void) { return layouts; }

size_t ferry_layouts_size(void) { return sizeof layouts; }
