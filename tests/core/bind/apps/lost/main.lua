-- SPDX-License-Identifier: Apache-2.0
error("never reached: what it needs is not there")
