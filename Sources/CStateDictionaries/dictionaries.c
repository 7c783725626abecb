// Made by tools/train-dictionaries. In C, for #embed: array literals of Swift take long to compile.
#include "CStateDictionaries.h"

#include <string.h>

#pragma clang diagnostic ignored "-Wc23-extensions"

static const uint8_t hisi_acc_vfio_pci[] = {
#embed "../MigrationStream/Dictionaries/hisi_acc_vfio_pci.zdict"
};

static const uint8_t igb_vfio_pci[] = {
#embed "../MigrationStream/Dictionaries/igb_vfio_pci.zdict"
};

static const uint8_t mtty[] = {
#embed "../MigrationStream/Dictionaries/mtty.zdict"
};

static const uint8_t nvme_vfio_pci[] = {
#embed "../MigrationStream/Dictionaries/nvme_vfio_pci.zdict"
};

static const uint8_t qat_vfio_pci[] = {
#embed "../MigrationStream/Dictionaries/qat_vfio_pci.zdict"
};

static const uint8_t qat_vfio_pci_1[] = {
#embed "../MigrationStream/Dictionaries/qat_vfio_pci.1.zdict"
};

static const uint8_t virtio_vfio_pci[] = {
#embed "../MigrationStream/Dictionaries/virtio_vfio_pci.zdict"
};

static const struct {
  const char *name;
  ferry_file file;
} dictionaries[] = {
    {"hisi_acc_vfio_pci", {hisi_acc_vfio_pci, sizeof hisi_acc_vfio_pci}},
    {"igb_vfio_pci", {igb_vfio_pci, sizeof igb_vfio_pci}},
    {"mtty", {mtty, sizeof mtty}},
    {"nvme_vfio_pci", {nvme_vfio_pci, sizeof nvme_vfio_pci}},
    {"qat_vfio_pci", {qat_vfio_pci, sizeof qat_vfio_pci}},
    {"qat_vfio_pci.1", {qat_vfio_pci_1, sizeof qat_vfio_pci_1}},
    {"virtio_vfio_pci", {virtio_vfio_pci, sizeof virtio_vfio_pci}},
};

ferry_file ferry_dictionary(const char *name) {
  for (size_t i = 0; i < sizeof dictionaries / sizeof *dictionaries; i++) {
    if (strcmp(dictionaries[i].name, name) == 0) return dictionaries[i].file;
  }
  return (ferry_file){0};
}
