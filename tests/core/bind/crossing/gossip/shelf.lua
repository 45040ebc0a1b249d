-- SPDX-License-Identifier: Apache-2.0
--- A module with a table that stays.
return {things = {}}
