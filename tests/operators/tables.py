"""Every operator table by operator, for write_cases.py."""

import activations
import attention
import dynamic
import group_query
import norms
import products
import quantised
import recurrent
import rotary
import sampling

TABLES = {**activations.TABLE, **norms.TABLE, **rotary.TABLE, **attention.TABLE, **group_query.TABLE, **products.TABLE,
          **quantised.TABLE, **sampling.TABLE, **recurrent.TABLE, **dynamic.TABLE}
