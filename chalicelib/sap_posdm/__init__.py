"""What the SAP POSDM adapter reads by: a retailer's codes, and fields that may be lists."""
