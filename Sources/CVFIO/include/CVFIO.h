#ifndef CVFIO_H
#define CVFIO_H

// The part of the kernel's VFIO and iommufd interface that Ferry uses (include/uapi/linux/vfio.h
// and iommufd.h), declared anew because Debian 12's headers are too old for most of it.
//
// A name is the kernel's with `cvfio_` or `CVFIO_` in place of `vfio_` or `VFIO_`, and in front of
// `iommu_` or `IOMMU_`. "Since" says which release brought what Linux 6.12 does not have;
// tools/lab/check-headers goes by that.

#include <errno.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/types.h>

// ---- Requests. All are _IO(';', number): no size, no direction.

#define CVFIO_GET_API_VERSION 0x3b64
#define CVFIO_CHECK_EXTENSION 0x3b65
#define CVFIO_SET_IOMMU 0x3b66
#define CVFIO_GROUP_GET_STATUS 0x3b67
#define CVFIO_GROUP_SET_CONTAINER 0x3b68
#define CVFIO_GROUP_UNSET_CONTAINER 0x3b69
#define CVFIO_GROUP_GET_DEVICE_FD 0x3b6a
#define CVFIO_DEVICE_GET_INFO 0x3b6b
#define CVFIO_DEVICE_GET_REGION_INFO 0x3b6c
#define CVFIO_DEVICE_GET_IRQ_INFO 0x3b6d
#define CVFIO_DEVICE_SET_IRQS 0x3b6e
#define CVFIO_DEVICE_RESET 0x3b6f
#define CVFIO_DEVICE_FEATURE 0x3b75
#define CVFIO_DEVICE_BIND_IOMMUFD 0x3b76
#define CVFIO_DEVICE_ATTACH_IOMMUFD_PT 0x3b77
#define CVFIO_DEVICE_DETACH_IOMMUFD_PT 0x3b78
#define CVFIO_MIG_GET_PRECOPY_INFO 0x3b79

#define CVFIO_IOMMU_DESTROY 0x3b80
#define CVFIO_IOMMU_IOAS_ALLOC 0x3b81
#define CVFIO_IOMMU_IOAS_MAP 0x3b85
#define CVFIO_IOMMU_IOAS_UNMAP 0x3b86
#define CVFIO_IOMMU_HWPT_ALLOC 0x3b89
#define CVFIO_IOMMU_GET_HW_INFO 0x3b8a
#define CVFIO_IOMMU_FAULT_QUEUE_ALLOC 0x3b8e
#define CVFIO_IOMMU_IOAS_MAP_FILE 0x3b8f // Since 6.13

_Static_assert(CVFIO_GET_API_VERSION == _IO(';', 100), "VFIO requests begin at 100");
_Static_assert(CVFIO_DEVICE_GET_INFO == _IO(';', 107), "VFIO_DEVICE_GET_INFO");
_Static_assert(CVFIO_MIG_GET_PRECOPY_INFO == _IO(';', 121), "VFIO_MIG_GET_PRECOPY_INFO");
_Static_assert(CVFIO_IOMMU_DESTROY == _IO(';', 128), "iommufd requests begin at 128");
_Static_assert(CVFIO_IOMMU_FAULT_QUEUE_ALLOC == _IO(';', 142), "IOMMU_FAULT_QUEUE_ALLOC");

// ---- Numbers.

#define CVFIO_API_VERSION 0
#define CVFIO_TYPE1v2_IOMMU 3
#define CVFIO_GROUP_FLAGS_VIABLE 1

#define CVFIO_DEVICE_FLAGS_RESET 1
#define CVFIO_DEVICE_FLAGS_PCI 2
#define CVFIO_DEVICE_FLAGS_CAPS 128
#define CVFIO_REGION_INFO_FLAG_READ 1
#define CVFIO_REGION_INFO_FLAG_WRITE 2
#define CVFIO_REGION_INFO_FLAG_MMAP 4
#define CVFIO_REGION_INFO_FLAG_CAPS 8
#define CVFIO_IRQ_INFO_EVENTFD 1
#define CVFIO_IRQ_INFO_MASKABLE 2
#define CVFIO_IRQ_INFO_AUTOMASKED 4
#define CVFIO_IRQ_INFO_NORESIZE 8
#define CVFIO_IRQ_SET_DATA_NONE 1
#define CVFIO_IRQ_SET_DATA_BOOL 2
#define CVFIO_IRQ_SET_DATA_EVENTFD 4
#define CVFIO_PCI_CONFIG_REGION_INDEX 7
#define CVFIO_PCI_MSIX_IRQ_INDEX 2

#define CVFIO_DEVICE_FEATURE_MASK 0xffff
#define CVFIO_DEVICE_FEATURE_GET 0x10000
#define CVFIO_DEVICE_FEATURE_SET 0x20000
#define CVFIO_DEVICE_FEATURE_PROBE 0x40000
#define CVFIO_DEVICE_FEATURE_MIGRATION 1
#define CVFIO_DEVICE_FEATURE_MIG_DEVICE_STATE 2
#define CVFIO_DEVICE_FEATURE_DMA_LOGGING_START 6
#define CVFIO_DEVICE_FEATURE_DMA_LOGGING_STOP 7
#define CVFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT 8
#define CVFIO_DEVICE_FEATURE_MIG_DATA_SIZE 9
#define CVFIO_DEVICE_FEATURE_MIG_PRECOPY_INFOv2 12 // Since 7.1
#define CVFIO_PRECOPY_INFO_REINIT 1 // Since 7.1

#define CVFIO_DEVICE_BIND_FLAG_TOKEN 1 // Since 6.17
#define CVFIO_DEVICE_ATTACH_PASID 1 // Since 6.15
#define CVFIO_DEVICE_DETACH_PASID 1 // Since 6.15

#define CVFIO_IOMMU_IOAS_MAP_FIXED_IOVA 1
#define CVFIO_IOMMU_IOAS_MAP_WRITEABLE 2
#define CVFIO_IOMMU_IOAS_MAP_READABLE 4
#define CVFIO_IOMMU_HWPT_ALLOC_NEST_PARENT 1
#define CVFIO_IOMMU_HWPT_ALLOC_DIRTY_TRACKING 2
#define CVFIO_IOMMU_HWPT_FAULT_ID_VALID 4
#define CVFIO_IOMMU_HWPT_ALLOC_PASID 8 // Since 6.15
#define CVFIO_IOMMU_HWPT_DATA_NONE 0
#define CVFIO_IOMMU_HWPT_DATA_VTD_S1 1
#define CVFIO_IOMMU_HWPT_DATA_ARM_SMMUV3 2 // Since 6.13
#define CVFIO_IOMMU_HW_INFO_TYPE_NONE 0
#define CVFIO_IOMMU_HW_INFO_TYPE_INTEL_VTD 1
#define CVFIO_IOMMU_HW_INFO_TYPE_ARM_SMMUV3 2 // Since 6.13
#define CVFIO_IOMMU_HW_CAP_DIRTY_TRACKING 1
#define CVFIO_IOMMU_HW_CAP_PCI_PASID_EXEC 2 // Since 6.15
#define CVFIO_IOMMU_HW_CAP_PCI_PASID_PRIV 4 // Since 6.15

// ---- VFIO structures.

struct cvfio_group_status {
  uint32_t argsz;
  uint32_t flags;
};
_Static_assert(sizeof(struct cvfio_group_status) == 8, "vfio_group_status");

struct cvfio_device_info {
  uint32_t argsz;
  uint32_t flags;
  uint32_t num_regions;
  uint32_t num_irqs;
  uint32_t cap_offset;
  uint32_t pad;
};
_Static_assert(sizeof(struct cvfio_device_info) == 24, "vfio_device_info");

struct cvfio_info_cap_header {
  uint16_t id;
  uint16_t version;
  uint32_t next;
};
_Static_assert(sizeof(struct cvfio_info_cap_header) == 8, "vfio_info_cap_header");

struct cvfio_region_info {
  uint32_t argsz;
  uint32_t flags;
  uint32_t index;
  uint32_t cap_offset;
  uint64_t size;
  uint64_t offset;
};
_Static_assert(sizeof(struct cvfio_region_info) == 32, "vfio_region_info");

struct cvfio_irq_info {
  uint32_t argsz;
  uint32_t flags;
  uint32_t index;
  uint32_t count;
};
_Static_assert(sizeof(struct cvfio_irq_info) == 16, "vfio_irq_info");

// The data follow.
struct cvfio_irq_set {
  uint32_t argsz;
  uint32_t flags;
  uint32_t index;
  uint32_t start;
  uint32_t count;
};
_Static_assert(sizeof(struct cvfio_irq_set) == 20, "vfio_irq_set");

// The payload follows.
struct cvfio_device_feature {
  uint32_t argsz;
  uint32_t flags;
};
_Static_assert(sizeof(struct cvfio_device_feature) == 8, "vfio_device_feature");

struct cvfio_device_feature_migration {
  uint64_t flags;
};
_Static_assert(sizeof(struct cvfio_device_feature_migration) == 8, "vfio_device_feature_migration");

struct cvfio_device_feature_mig_state {
  uint32_t device_state;
  int32_t data_fd;
};
_Static_assert(sizeof(struct cvfio_device_feature_mig_state) == 8, "vfio_device_feature_mig_state");

struct cvfio_device_feature_mig_data_size {
  uint64_t stop_copy_length;
};
_Static_assert(
  sizeof(struct cvfio_device_feature_mig_data_size) == 8, "vfio_device_feature_mig_data_size");

struct cvfio_device_feature_dma_logging_control {
  uint64_t page_size;
  uint32_t num_ranges;
  uint32_t __reserved;
  uint64_t ranges;
};
_Static_assert(
  sizeof(struct cvfio_device_feature_dma_logging_control) == 24,
  "vfio_device_feature_dma_logging_control");

struct cvfio_device_feature_dma_logging_range {
  uint64_t iova;
  uint64_t length;
};
_Static_assert(
  sizeof(struct cvfio_device_feature_dma_logging_range) == 16,
  "vfio_device_feature_dma_logging_range");

struct cvfio_device_feature_dma_logging_report {
  uint64_t iova;
  uint64_t length;
  uint64_t page_size;
  uint64_t bitmap;
};
_Static_assert(
  sizeof(struct cvfio_device_feature_dma_logging_report) == 32,
  "vfio_device_feature_dma_logging_report");

struct cvfio_precopy_info {
  uint32_t argsz;
  uint32_t flags;
  uint64_t initial_bytes;
  uint64_t dirty_bytes;
};
_Static_assert(sizeof(struct cvfio_precopy_info) == 24, "vfio_precopy_info");

// Since 6.17 a pointer to a VF token of 16 bytes may follow, with CVFIO_DEVICE_BIND_FLAG_TOKEN;
// this is good for every release.
struct cvfio_device_bind_iommufd {
  uint32_t argsz;
  uint32_t flags;
  int32_t iommufd;
  uint32_t out_devid;
};
_Static_assert(sizeof(struct cvfio_device_bind_iommufd) == 16, "vfio_device_bind_iommufd");

// `pasid` is there since 6.15, with CVFIO_DEVICE_ATTACH_PASID; without the flag `argsz` is 12, as
// before.
struct cvfio_device_attach_iommufd_pt {
  uint32_t argsz;
  uint32_t flags;
  uint32_t pt_id;
  uint32_t pasid; // Since 6.15
};
_Static_assert(
  sizeof(struct cvfio_device_attach_iommufd_pt) == 16, "vfio_device_attach_iommufd_pt");

// `pasid` is there since 6.15, with CVFIO_DEVICE_DETACH_PASID; without the flag `argsz` is 8, as
// before.
struct cvfio_device_detach_iommufd_pt {
  uint32_t argsz;
  uint32_t flags;
  uint32_t pasid; // Since 6.15
};
_Static_assert(
  sizeof(struct cvfio_device_detach_iommufd_pt) == 12, "vfio_device_detach_iommufd_pt");

// ---- iommufd structures.

struct cvfio_iommu_destroy {
  uint32_t size;
  uint32_t id;
};
_Static_assert(sizeof(struct cvfio_iommu_destroy) == 8, "iommu_destroy");

struct cvfio_iommu_ioas_alloc {
  uint32_t size;
  uint32_t flags;
  uint32_t out_ioas_id;
};
_Static_assert(sizeof(struct cvfio_iommu_ioas_alloc) == 12, "iommu_ioas_alloc");

struct cvfio_iommu_ioas_map {
  uint32_t size;
  uint32_t flags;
  uint32_t ioas_id;
  uint32_t __reserved;
  uint64_t user_va;
  uint64_t length;
  uint64_t iova;
};
_Static_assert(sizeof(struct cvfio_iommu_ioas_map) == 40, "iommu_ioas_map");

struct cvfio_iommu_ioas_map_file { // Since 6.13
  uint32_t size;
  uint32_t flags;
  uint32_t ioas_id;
  int32_t fd;
  uint64_t start;
  uint64_t length;
  uint64_t iova;
};
_Static_assert(sizeof(struct cvfio_iommu_ioas_map_file) == 40, "iommu_ioas_map_file");

struct cvfio_iommu_ioas_unmap {
  uint32_t size;
  uint32_t ioas_id;
  uint64_t iova;
  uint64_t length;
};
_Static_assert(sizeof(struct cvfio_iommu_ioas_unmap) == 24, "iommu_ioas_unmap");

struct cvfio_iommu_hwpt_alloc {
  uint32_t size;
  uint32_t flags;
  uint32_t dev_id;
  uint32_t pt_id;
  uint32_t out_hwpt_id;
  uint32_t __reserved;
  uint32_t data_type;
  uint32_t data_len;
  uint64_t data_uptr;
  uint32_t fault_id;
  uint32_t __reserved2;
};
_Static_assert(sizeof(struct cvfio_iommu_hwpt_alloc) == 48, "iommu_hwpt_alloc");

struct cvfio_iommu_hwpt_vtd_s1 {
  uint64_t flags;
  uint64_t pgtbl_addr;
  uint32_t addr_width;
  uint32_t __reserved;
};
_Static_assert(sizeof(struct cvfio_iommu_hwpt_vtd_s1) == 24, "iommu_hwpt_vtd_s1");

// `out_max_pasid_log2` is zero on kernels that do not have it: its byte was reserved.
struct cvfio_iommu_hw_info {
  uint32_t size;
  uint32_t flags;
  uint32_t dev_id;
  uint32_t data_len;
  uint64_t data_uptr;
  uint32_t out_data_type;
  uint8_t out_max_pasid_log2; // Since 6.15
  uint8_t reserved[3];        // Ours
  uint64_t out_capabilities;
};
_Static_assert(sizeof(struct cvfio_iommu_hw_info) == 40, "iommu_hw_info");

struct cvfio_iommu_hw_info_vtd {
  uint32_t flags;
  uint32_t __reserved;
  uint64_t cap_reg;
  uint64_t ecap_reg;
};
_Static_assert(sizeof(struct cvfio_iommu_hw_info_vtd) == 24, "iommu_hw_info_vtd");

struct cvfio_iommu_fault_alloc {
  uint32_t size;
  uint32_t flags;
  uint32_t out_fault_id;
  uint32_t out_fault_fd;
};
_Static_assert(sizeof(struct cvfio_iommu_fault_alloc) == 16, "iommu_fault_alloc");

// ---- Calls that Swift cannot make by itself.

/// Makes the request; the result, or errno negated. `argument` is a number or an address, as the
/// request wants.
static inline int cvfio_ioctl(int descriptor, unsigned long request, uintptr_t argument) {
  int result = ioctl(descriptor, request, argument);
  return result < 0 ? -errno : result;
}

#endif
